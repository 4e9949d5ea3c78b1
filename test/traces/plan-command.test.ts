import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loopOf, traceFolder, writeKeys } from "./generated-traces.ts";
import { kvring } from "./kvring-replay.ts";

const folder = traceFolder();
afterAll(() => folder.remove());
let loop: string;
const load = ["--inference-ms", "10", "--requests-per-hour", "3600"];

beforeAll(() => {
  loop = writeKeys(folder.path, "loop", loopOf(100, 10));
});

describe("kvring plan", () => {
  test("tells sizes, savings and the curve in one object, and draws it", async () => {
    const plot = join(folder.path, "plan.svg");
    const flags = ["--policy", "lru", "--capacity-entries", "90", "--json", "--plot", plot];
    const trace = ["--trace", loop, "--format", "u32le"];
    const { code, stdout, stderr } = await kvring("plan", ...trace, ...load, ...flags);
    expect(code, stderr).toBe(0);
    const [{ basis, targets, more }] = JSON.parse(stdout);
    expect(basis).toBe("1000 requests for 100 keys, all replayed, exact");
    expect(targets).toContainEqual({
      ...{ hit_ratio: 0.5, policy: "lru", capacity: 100 },
      worker_seconds_per_hour: expect.closeTo(3.6, 9),
      more_saves_worker_seconds_per_hour: 0,
    });
    expect(targets).toContainEqual(
      expect.objectContaining({ hit_ratio: 0.95, policy: null, capacity: null }),
    );
    expect(more).toMatchObject({ capacity: 90, hit_ratio: 0, added: 23, hit_ratio_then: 0.9 });
    expect(more.saved_worker_seconds_per_hour).toBeCloseTo(32.4, 9);
    const svg = readFileSync(plot, "utf8");
    for (const text of ["loop: hits by capacity", "lru", "hit ratio"]) expect(svg).toContain(text);
  });

  test.each<[string, string[], RegExp]>([
    ["a trace without its format", [], /--trace needs --format, one of u32le/],
    ["a policy that is none", ["--policy", "arc"], /"arc", but must be/],
    ["what follows others", ["--policy", "adaptive"], /follows whichever of the others/],
    ["a capacity of nothing", ["--capacity-entries", "0"], /"0", but must be/],
    ["several sizes at once", ["--capacity-entries", "1,2"], /give one capacity/],
    ["sizes that it has not", ["--capacity-bytes", "1MiB"], /use --capacity-entries/],
    ["no time at all", ["--inference-ms", "0"], /must be a number above 0/],
    ["another picture", ["--plot", "a.png"], /ends in \.svg/],
  ])("refuses %s in one line", async (_, flags, sentence) => {
    const format = flags.length === 0 ? [] : ["--format", "u32le"];
    const { code, stdout, stderr } = await kvring("plan", "--trace", loop, ...format, ...flags);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("says which trace is not there", async () => {
    const { code, stderr } = await kvring("plan", "--trace", "no.csv", "--format", "csv");
    expect([code, stderr]).toEqual([1, expect.stringContaining("there is no trace at no.csv")]);
  });
});
