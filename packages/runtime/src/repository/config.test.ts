import { KvringError } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

describe("a model's config", () => {
  test("has defaults for everything", () => {
    expect(parseConfig("{}", "config.json")).toEqual({
      tags: [],
      versions: "latest",
      threads: 1,
      batching: { maxSize: 32, maxDelayMs: 2, tolerance: 0 },
    });
  });

  test("is taken as it is, and frozen", () => {
    const config = {
      ...{ ttlMs: 5000, tags: ["risk", "eu"], versions: ["1", "3"], threads: 4 },
      batching: { maxSize: 8, maxDelayMs: 0.5, tolerance: 1e-6 },
      ...{ tagTtlMs: { risk: 100 }, staleWhileRevalidateMs: 0, earlyRefresh: 0.5 },
      ...{ negativeTtlMs: 2000, activity: { asks: 3, inactiveTtlMs: 0 }, policy: "s3-fifo" },
    };
    const parsed = parseConfig(JSON.stringify(config), "config.json");
    expect(parsed).toEqual(config);
    const { tags, versions, batching, tagTtlMs, activity } = parsed;
    for (const part of [parsed, tags, versions, batching, tagTtlMs, activity]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("says whether jobs may be computed together", () => {
    expect(parseConfig('{"batching": false}', "config.json").batching).toBeUndefined();
    expect(parseConfig('{"batching": true}', "config.json").batching).toMatchObject({
      maxSize: 32,
    });
    const some = parseConfig('{"batching": {"maxSize": 4}}', "config.json").batching;
    expect(some).toEqual({ maxSize: 4, maxDelayMs: 2, tolerance: 0 });
  });

  test.each([
    ['{"ttl": 5}', 'has no setting "ttl": settings are ttlMs, tags, versions, threads, batching'],
    ['{"batching": {"size": 4}}', "batching must be true, false, or an object of maxSize"],
    ['{"batching": {"maxSize": 0}}', "batching must be true, false, or an object of maxSize"],
    ['{"batching": 4}', "batching must be true, false, or an object of maxSize"],
    ['{"ttlMs": 0}', "ttlMs must be whole milliseconds from 1 to 86400000"],
    ['{"ttlMs": 86400001}', "ttlMs must be whole milliseconds from 1 to 86400000"],
    ['{"ttlMs": "60s"}', "ttlMs must be whole milliseconds from 1 to 86400000"],
    ['{"threads": 1.5}', 'threads must be a whole number from 1 to 256, or "auto"'],
    ['{"threads": 1000}', "threads must be a whole number from 1 to 256"],
    ['{"threads": "many"}', "threads must be a whole number from 1 to 256"],
    ['{"versions": "newest"}', 'versions must be "all", "latest" or a list'],
    ['{"versions": []}', 'versions must be "all", "latest" or a list'],
    ['{"versions": ["v1"]}', 'versions must be "all", "latest" or a list'],
    ['{"tags": ["a,b"]}', "tags must be a list of at most 16 tags"],
    ['{"tags": [""]}', "tags must be a list of at most 16 tags"],
    ['{"tags": "risk"}', "tags must be a list of at most 16 tags"],
    [JSON.stringify({ tags: Array(17).fill("t") }), "tags must be a list of at most 16 tags"],
    ['{"tagTtlMs": {"a": 0}}', "tagTtlMs must be at most 64 tags with whole milliseconds"],
    ['{"tagTtlMs": {"a,b": 5}}', "tagTtlMs must be at most 64 tags with whole milliseconds"],
    ['{"staleWhileRevalidateMs": -1}', "staleWhileRevalidateMs must be whole milliseconds from 0"],
    ['{"earlyRefresh": 11}', "earlyRefresh must be a number from 0, which is off, to 10"],
    ['{"negativeTtlMs": "1s"}', "negativeTtlMs must be whole milliseconds from 0, which is off,"],
    ['{"activity": {"asks": 1, "inactiveTtlMs": 5}}', 'activity must be as in {"asks": 3'],
    ['{"activity": {"asks": 3, "ttlMs": 5}}', 'activity must be as in {"asks": 3'],
    ['{"policy": "adaptive"}', "policy must be one of lru, lfu, fifo, sieve, s3-fifo,"],
    ["[]", "must be an object of settings"],
    ["{", "is not JSON"],
  ])("%s is refused", (text, sentence) => {
    const refusal = refusalOf(text);
    expect(refusal.reason).toBe("BAD_CONFIG");
    expect(refusal.message).toContain(`m/config.json: ${sentence}`);
  });
});

function refusalOf(text: string): KvringError {
  try {
    parseConfig(text, "m/config.json");
  } catch (error) {
    return KvringError.from(error);
  }
  return expect.unreachable("it is not to be accepted");
}
