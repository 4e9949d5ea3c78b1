import { limits, type Parameter } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { cacheParameters, defaultCacheControl, readCacheControl } from "./cache-control.ts";

const control = (value: string): Parameter => ({ name: "cache_control", kind: "string", value });
const read = (value: string) => readCacheControl([control(value)]);

function refused(reason: string, message: RegExp) {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) });
}

describe("cache_control", () => {
  test.each([
    ["no-cache", { noCache: true }],
    ["no-store", { noStore: true }],
    ["only-if-cached", { onlyIfCached: true }],
    ["max-age=60", { maxAgeMs: 60_000 }],
    ["max-age=0", { maxAgeMs: 0 }],
    ['max-age="5"', { maxAgeMs: 5_000 }],
    ["max-stale=7", { maxStaleMs: 7_000 }],
    ["max-stale", { maxStaleMs: limits.entryTtlMs }],
    ["stale-if-error=9", { staleIfErrorMs: 9_000 }],
    ["No-Cache, MAX-AGE=1", { noCache: true, maxAgeMs: 1_000 }],
    [" no-store ,, no-cache,", { noStore: true, noCache: true }],
    [
      "only-if-cached, max-age=3, max-stale=4",
      { onlyIfCached: true, maxAgeMs: 3_000, maxStaleMs: 4_000 },
    ],
    ["", {}],
  ])("%j is understood", (value, expected) => {
    expect(read(value)).toEqual({ ...defaultCacheControl, ...expected });
  });

  test.each([
    ["public", /"public" is unknown; known are no-cache, no-store, only-if-cached, max-age=S/],
    ["max-age", /"max-age" needs whole seconds, as in max-age=60/],
    ["max-age=", /"max-age=" needs whole seconds/],
    ["max-age=1.5", /"max-age=1.5" needs whole seconds/],
    ["max-age=-1", /"max-age=-1" needs whole seconds/],
    ["max-age=12345678901", /needs whole seconds/],
    ["max-age=60=5", /"max-age=60=5" needs whole seconds/],
    ["max-age = 5", /"max-age = 5" is unknown/],
    ["max-stale=soon", /"max-stale=soon" needs whole seconds, as in max-stale=60/],
    ["stale-if-error", /needs whole seconds, as in stale-if-error=60/],
    ["no-cache=1", /"no-cache=1" takes no argument/],
    ["no-store=", /"no-store=" takes no argument/],
    ["only-if-cached=yes", /takes no argument/],
    ["only-if-cached, no-cache", /only-if-cached contradicts no-cache and no-store/],
    ["no-store, only-if-cached", /contradicts/],
  ])("%j is refused", (value, message) => {
    expect(() => read(value)).toThrow(refused("BAD_CACHE_CONTROL", message));
  });

  test("that is no text is refused", () => {
    expect(() => readCacheControl([{ name: "cache_control", kind: "bool", value: true }])).toThrow(
      refused("BAD_PARAMETER", /"cache_control" must be a string_param, got bool/),
    );
  });
});

describe("cache_ttl_ms", () => {
  test.each([
    [{ kind: "int64", value: 1n }, 1],
    [{ kind: "uint64", value: 86_400_000n }, 86_400_000],
    [{ kind: "double", value: 1500 }, 1500],
    [{ kind: "string", value: "250" }, 250],
  ] as const)("%o is a life", (value, ttlMs) => {
    expect(readCacheControl([{ name: "cache_ttl_ms", ...value }]).ttlMs).toBe(ttlMs);
  });

  test.each([
    { kind: "int64", value: 0n },
    { kind: "int64", value: -5n },
    { kind: "uint64", value: 86_400_001n },
    { kind: "uint64", value: 2n ** 64n - 1n },
    { kind: "double", value: 0.5 },
    { kind: "double", value: Number.NaN },
    { kind: "string", value: "1s" },
    { kind: "string", value: "" },
    { kind: "bool", value: true },
    { kind: "none" },
  ] as const)("%o is refused", (value) => {
    expect(() => readCacheControl([{ name: "cache_ttl_ms", ...value }])).toThrow(
      refused("BAD_PARAMETER", /"cache_ttl_ms" must be whole milliseconds from 1 to 86400000/),
    );
  });
});

describe("the other parameters of the cache", () => {
  test("are tags and debug", () => {
    const parameters: Parameter[] = [
      { name: "cache_tags", kind: "string", value: "users, eu ,users" },
      { name: "cache_debug", kind: "string", value: "true" },
    ];
    expect(readCacheControl(parameters)).toMatchObject({ tags: ["users", "eu"], debug: true });
    expect(readCacheControl([{ name: "cache_debug", kind: "bool", value: false }]).debug).toBe(
      false,
    );
  });

  test.each([
    [
      { name: "cache_debug", kind: "string", value: "yes" },
      "BAD_PARAMETER",
      /must be a bool_param/,
    ],
    [{ name: "cache_debug", kind: "int64", value: 1n }, "BAD_PARAMETER", /must be a bool_param/],
    [{ name: "cache_tags", kind: "string", value: "a\u0000b" }, "BAD_TAG", /is not a tag/],
    [{ name: "cache_tags", kind: "int64", value: 1n }, "BAD_PARAMETER", /must be a string_param/],
    [
      { name: "cache_ttl", kind: "int64", value: 1n },
      "BAD_PARAMETER",
      /"cache_ttl" is unknown; .* cache_control, cache_ttl_ms, cache_tags, cache_debug/,
    ],
  ] as const)("%o is refused", (parameter, reason, message) => {
    expect(() => readCacheControl([parameter])).toThrow(refused(reason, message));
  });

  test("are those that metadata may say too", () => {
    for (const name of cacheParameters) {
      const value = name === "cache_ttl_ms" ? "5" : name === "cache_debug" ? "true" : "no-cache";
      expect(readCacheControl([{ name, kind: "string", value }])).not.toEqual(defaultCacheControl);
    }
  });
});

test("a request that says nothing of its caching costs nothing", () => {
  const parameters: Parameter[] = [{ name: "temperature", kind: "double", value: 1 }];
  expect(readCacheControl(parameters)).toBe(defaultCacheControl);
});
