import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loopOf, traceFolder, writeKeys } from "./generated-traces.ts";
import { kvring, replayed } from "./kvring-replay.ts";

const folder = traceFolder();
afterAll(() => folder.remove());
let loop: string;
const usual = ["--format", "u32le", "--policy", "lru,fifo", "--capacity-entries", "50,99,100"];

beforeAll(() => {
  loop = writeKeys(folder.path, "loop", loopOf(100, 10));
});

describe("kvring replay", () => {
  test("hits nothing of a loop that does not fit, and all but the first round of one that does", async () => {
    const results = await replayed(loop, ...usual);
    expect(
      results.map(({ policy, capacity_entries, hit_ratio }) => [
        policy,
        capacity_entries,
        hit_ratio,
      ]),
    ).toEqual(
      ["lru", "fifo"].flatMap((policy) => [
        [policy, 50, 0],
        [policy, 99, 0],
        [policy, 100, 0.9],
      ]),
    );
    const fields = "policy capacity_entries requests hits misses hit_ratio byte_hit_ratio";
    expect(Object.keys(results[0] ?? {})).toEqual([...fields.split(" "), "evictions", "seconds"]);
  });

  test("prints a table for people, and draws a line for each policy", async () => {
    const plot = join(folder.path, "plot.svg");
    const { code, stdout } = await kvring("replay", loop, ...usual, "--plot", plot);
    expect(code).toBe(0);
    expect(stdout).toMatch(/lru +│ 100 +│ 1000 +│ 100 +│ 90.0 %/);
    const svg = readFileSync(plot, "utf8");
    expect(svg.match(/<circle/g)).toHaveLength(6);
    for (const text of ["loop", "lru", "fifo", "hit ratio", "capacity (entries)", "99", "80 %"]) {
      expect(svg).toContain(`>${text}`);
    }
  });

  test.each([
    ["a policy that is none", ["--policy", "arc"], /"arc", but must be .* w-tinylfu/],
    ["no capacity", ["--policy", "lru"], /no capacity: give --capacity-entries/],
    ["a capacity of nothing", ["--capacity-entries", "0"], /"0", but must be .* from 1/],
    ["another picture", ["--capacity-entries", "1", "--plot", "a.png"], /ends in \.svg/],
    ["nowhere to draw", ["--capacity-entries", "1", "--plot", "no/where/a.svg"], /cannot be writ/],
    ["a warm-up that is all", ["--capacity-entries", "1", "--warm-up", "1000"], /longer trace/],
  ])("refuses %s in one line", async (_, flags, sentence) => {
    const { code, stdout, stderr } = await kvring("replay", loop, "--format", "u32le", ...flags);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync("a.png")).toBe(false);
  });
});
