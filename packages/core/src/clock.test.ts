import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock, systemClock } from "./clock.ts";

describe("a manual clock", () => {
  test("stands still until it is advanced", () => {
    const clock = new ManualClock();
    expect(clock.nowMs()).toBe(0);
    clock.advance(2.5);
    clock.advance(0);
    expect(clock.nowMs()).toBe(2.5);
    expect(() => clock.advance(-1)).toThrow("time does not go back");
  });

  test("fires timers in the order in which they fall due, at their time, once", () => {
    const clock = new ManualClock();
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.nowMs()]);
    clock.after(20, note("late"));
    clock.after(10, note("early"));
    clock.after(10, note("as early, but later set"));
    clock.after(21, note("not yet"));
    clock.advance(20);
    clock.advance(0);
    expect(fired).toEqual([
      ["early", 10],
      ["as early, but later set", 10],
      ["late", 20],
    ]);
  });

  test("fires what a timer sets, if that falls due too", () => {
    const clock = new ManualClock();
    const firedAtMs: number[] = [];
    const again = (): void => {
      firedAtMs.push(clock.nowMs());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(firedAtMs).toEqual([10, 20, 30]);
    expect(clock.nowMs()).toBe(35);
  });

  test("does not fire what was cancelled, even by a timer of the same moment", () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.after(1, () => {
      fired.push("first");
      cancel();
    });
    const cancel = clock.after(1, () => fired.push("second"));
    clock.advance(1);
    cancel();
    expect(fired).toEqual(["first"]);
  });

  test("fires the same however its time is divided into steps", () => {
    const delays = fc.array(fc.nat({ max: 50 }), { maxLength: 20 });
    const steps = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(delays, steps, (delaysMs, stepsMs) => {
        const whole = recorded(delaysMs);
        const divided = recorded(delaysMs);
        whole.clock.advance(stepsMs.reduce((sum, ms) => sum + ms, 0));
        for (const ms of stepsMs) divided.clock.advance(ms);
        expect(divided.fired).toEqual(whole.fired);
      }),
    );
  });
});

describe("the system's clock", () => {
  test("never goes back", () => {
    const before = systemClock.nowMs();
    expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
  });

  test("does not call what was cancelled", async () => {
    const fired: string[] = [];
    const cancel = systemClock.after(0, () => fired.push("cancelled"));
    cancel();
    // A later timer of the same delay: whatever the first would do, it would have done.
    const keepAlive = setTimeout(() => {}, 5_000);
    await new Promise<void>((resolve) => systemClock.after(0, resolve));
    clearTimeout(keepAlive);
    expect(fired).toEqual([]);
  });

  test("refuses delays that Node would turn into none", () => {
    expect(() => systemClock.after(2 ** 31, () => {})).toThrow("at most 2147483647 ms");
    expect(() => systemClock.after(Number.POSITIVE_INFINITY, () => {})).toThrow("at most");
    systemClock.after(2 ** 31 - 1, () => {})();
  });
});

function recorded(delaysMs: readonly number[]) {
  const clock = new ManualClock();
  const fired: [number, number][] = [];
  for (const [index, delayMs] of delaysMs.entries()) {
    clock.after(delayMs, () => fired.push([index, clock.nowMs()]));
  }
  return { clock, fired };
}
