import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

test("bytes pass at the rate that was said, and not faster", async () => {
  const clock = new ManualClock();
  const pace = new Pace(1_000_000, clock);
  let passed = 0;
  const spending = (async () => {
    for (let round = 0; round < 50; round += 1) {
      await pace.spend(10_000);
      passed += 10_000;
    }
  })();
  for (let ms = 0; ms < 600; ms += 1) {
    for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
    // Two bursts of 20 ms may be ahead.
    expect(passed).toBeLessThanOrEqual((ms + 40) * 1_000);
    clock.advance(1);
  }
  await spending;
  expect(passed).toBe(500_000);
});
