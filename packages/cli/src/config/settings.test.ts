import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { declare, resolve, type Setting, type Settings } from "./settings.ts";
import * as values from "./values.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kvring-settings-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** A config file with this content. */
function configFile(content: unknown): string {
  const path = join(directory, "config.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function read<S extends Settings>(settings: S, ...args: readonly string[]) {
  const command = declare(new Command("x").exitOverride(), settings);
  command.parse(args, { from: "user" });
  return resolve(command, settings);
}

function setting<T>(value: z.ZodType<T>, fallback: string | number, shows = "x"): Setting<T> {
  return { name: "some-value", value, fallback, shows, help: "of a test" };
}

interface Kind {
  readonly kind: string;
  readonly some: Setting<unknown>;
  readonly fallback: unknown;
  /** What stands there, and what it means. */
  readonly file: readonly [unknown, unknown];
  readonly variable: readonly [string, unknown];
  readonly flag: readonly [string, unknown];
  /** What a file may hold and must not mean anything, and what would be right. */
  readonly bad: readonly [unknown, string];
}

const MiB = 1024 * 1024;
const urlText = 'one or more NATS URLs, as in "nats://127.0.0.1:4222"';
const kinds: readonly Kind[] = [
  {
    kind: "a size",
    some: setting(values.bytes, "64MiB"),
    fallback: 64 * MiB,
    file: [2 * MiB, 2 * MiB],
    variable: ["1GiB", 1024 * MiB],
    flag: ["1.5 MiB", 1.5 * MiB],
    bad: [true, 'a size, as in "512MiB" or 1048576'],
  },
  {
    kind: "a size or none",
    some: setting(values.bytesOrNone, 0),
    fallback: 0,
    file: ["2MB", 2_000_000],
    variable: ["0", 0],
    flag: ["1MiB", MiB],
    bad: [5, "a size of at least 1MiB, or 0 to switch it off"],
  },
  {
    kind: "a duration",
    some: setting(values.durationMs, "15s"),
    fallback: 15_000,
    file: [250, 250],
    variable: ["2m", 120_000],
    flag: ["1.5h", 5_400_000],
    bad: [["15s"], 'a duration, as in "250ms" or "15s"'],
  },
  {
    kind: "a count",
    some: setting(values.count(1, 8), 2),
    fallback: 2,
    file: [3, 3],
    variable: ["4", 4],
    flag: ["8", 8],
    bad: [9, "a whole number from 1 to 8"],
  },
  {
    kind: "an address",
    some: setting(values.listen, "127.0.0.1:8001"),
    fallback: "127.0.0.1:8001",
    file: ["localhost:1", "localhost:1"],
    variable: ["[::1]:2", "[::1]:2"],
    flag: ["0.0.0.0:0", "0.0.0.0:0"],
    bad: [8001, 'an address, as in "127.0.0.1:8001"'],
  },
  {
    kind: "a name",
    some: setting(values.name, "gateway"),
    fallback: "gateway",
    file: ["a", "a"],
    variable: ["b-1", "b-1"],
    flag: ["c_2", "c_2"],
    bad: ["a b", "a name: letters, digits, _ and -, first a letter or digit, at most 31"],
  },
  {
    kind: "a text",
    some: setting(values.text, "some"),
    fallback: "some",
    file: ["a", "a"],
    variable: ["b c", "b c"],
    flag: ["d=e", "d=e"],
    bad: ["", "some text"],
  },
  {
    kind: "an URL",
    some: setting(values.natsUrl, "nats://a:1"),
    fallback: "nats://a:1",
    file: ["nats://b:1,nats://c:1", "nats://b:1,nats://c:1"],
    variable: ["tls://d:1", "tls://d:1"],
    flag: ["nats://e:1", "nats://e:1"],
    bad: ["http://f:1", urlText],
  },
  {
    kind: "a choice",
    some: setting(z.enum(["lru", "lfu", "fifo"], "lru, lfu, fifo"), "lru"),
    fallback: "lru",
    file: ["lfu", "lfu"],
    variable: ["fifo", "fifo"],
    flag: ["lru", "lru"],
    bad: ["arc", "lru, lfu, fifo"],
  },
];

describe.each(kinds)("$kind", ({ some, fallback, file, variable, flag, bad }) => {
  const settings = { some };

  test("comes from the flag before the variable before the file before the default", () => {
    expect(read(settings).some).toEqual(fallback);
    const config = ["--config", configFile({ "some-value": file[0] })];
    expect(read(settings, ...config).some).toEqual(file[1]);
    vi.stubEnv("KVRING_SOME_VALUE", variable[0]);
    expect(read(settings, ...config).some).toEqual(variable[1]);
    expect(read(settings, ...config, "--some-value", flag[0]).some).toEqual(flag[1]);
  });

  test("that cannot be is named by where it stands, with what would be right", () => {
    const path = configFile({ "some-value": bad[0] });
    const wrong = `is ${JSON.stringify(bad[0])}, but must be ${bad[1]}`;
    expect(() => read(settings, "--config", path)).toThrow(
      expect.objectContaining({
        reason: "BAD_CONFIG",
        message: `"some-value" in ${path} ${wrong}`,
      }),
    );
  });
});

describe("a switch", () => {
  const settings = {
    some: { name: "some-value", value: values.flag, fallback: false, help: "of a test" },
  };

  test("is off unless something says it is on", () => {
    expect(read(settings).some).toBe(false);
    expect(read(settings, "--some-value").some).toBe(true);
    expect(read(settings, "--config", configFile({ "some-value": true })).some).toBe(true);
    expect(read(settings, "--config", configFile({ "some-value": false })).some).toBe(false);
  });

  test("is off when its variable says so, though the file says otherwise", () => {
    const config = ["--config", configFile({ "some-value": true })];
    vi.stubEnv("KVRING_SOME_VALUE", "false");
    expect(read(settings, ...config).some).toBe(false);
    expect(read(settings, ...config, "--some-value").some).toBe(true);
    vi.stubEnv("KVRING_SOME_VALUE", "true");
    expect(read(settings).some).toBe(true);
  });

  test.each(["0", "no", ""])("is not what its variable %j means", (value) => {
    vi.stubEnv("KVRING_SOME_VALUE", value);
    expect(() => read(settings)).toThrow(
      expect.objectContaining({
        reason: "BAD_CONFIG",
        message: `KVRING_SOME_VALUE is ${JSON.stringify(value)}, but must be true or false`,
      }),
    );
  });
});

describe("a value that is wrong", () => {
  const settings = {
    some: setting(values.count(1, 8), 2),
    other: { ...setting(values.text, "t"), name: "other" },
  };

  test("names its flag or its variable", () => {
    expect(() => read(settings, "--some-value", "none")).toThrow(
      '--some-value is "none", but must be a whole number from 1 to 8',
    );
    vi.stubEnv("KVRING_SOME_VALUE", "-1");
    expect(() => read(settings)).toThrow(
      'KVRING_SOME_VALUE is "-1", but must be a whole number from 1 to 8',
    );
    expect(read(settings, "--some-value", "3").some).toBe(3);
  });

  test("is found in the file that a variable names, too", () => {
    const path = configFile({ "some-value": 0 });
    vi.stubEnv("KVRING_CONFIG", path);
    expect(() => read(settings)).toThrow(`"some-value" in ${path} is 0`);
  });

  test.each([
    ["is no JSON", "{", /the config file .*config.json cannot be read: .*JSON/],
    ["is no object", "[1]", /config.json must hold one JSON object/],
    [
      "has a key that is no setting",
      '{"same-value": 1}',
      /"same-value" in .* is no setting of this command; known are some-value, other/,
    ],
  ])("may be the whole file, which %s", (_, content, message) => {
    expect(() => read(settings, "--config", configFile(content))).toThrow(
      expect.objectContaining({ reason: "BAD_CONFIG", message: expect.stringMatching(message) }),
    );
  });

  test("may be a file that is not there", () => {
    const path = join(directory, "none.json");
    expect(() => read(settings, "--config", path)).toThrow(
      expect.objectContaining({
        reason: "BAD_CONFIG",
        message: expect.stringContaining(`the config file ${path} cannot be read: ENOENT`),
      }),
    );
  });
});

test("a setting without a default may be absent", () => {
  const some = { name: "some-value", value: values.text, shows: "x", help: "of a test" };
  expect(read({ some }).some).toBeUndefined();
});

test("resolved values do not change any more", () => {
  const resolved = read({ some: setting(values.count(1, 8), 2) });
  expect(Object.isFrozen(resolved)).toBe(true);
});
