import { KvringError, ManualClock } from "@kvring/core";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { CheckedRequest } from "../inference/checked-request.ts";
import { OpenRequest } from "../inference/open-request.ts";
import { MissAdmission } from "./miss-admission.ts";

let clock: ManualClock;
let misses: MissAdmission;
let shed: string[];

function admission(most: number): MissAdmission {
  return new MissAdmission({ most, clock, onShed: (model) => shed.push(model) });
}

beforeEach(() => {
  clock = new ManualClock();
  shed = [];
  misses = admission(1_000);
});

function open(name: string, waitMs = 1_000): OpenRequest {
  const model = { model: name, digest: `digest of ${name}` };
  const request = { model } as unknown as CheckedRequest;
  const call = { tenant: "", parameters: [], remainingMs: waitMs, onCancel() {} };
  const untilMs = clock.nowMs() + waitMs;
  return new OpenRequest(request, call, { clock, untilMs, whyLate: () => "", finish() {} });
}

const answer = new Uint8Array(0);

function refusalOf(step: () => void): KvringError {
  try {
    step();
  } catch (error) {
    return KvringError.from(error);
  }
  return expect.unreachable("it is not to be let in");
}

/** So many at once, of which one is answered every `eachMs`. */
function workOff(count: number, eachMs: number): void {
  const all = Array.from({ length: count }, () => open("m", 100_000));
  for (const each of all) misses.compute(each);
  for (const each of all) {
    clock.advance(eachMs);
    each.succeed("miss", answer);
  }
}

describe("a miss whose answer would be late", () => {
  test("is refused at once, and told when to come again", () => {
    workOff(40, 100);
    const queued = Array.from({ length: 39 }, () => open("m", 100_000));
    for (const each of queued) misses.compute(each);
    const refusal = refusalOf(() => misses.compute(open("m", 1_000)));
    expect(refusal).toMatchObject({ reason: "OVERLOADED", code: "RESOURCE_EXHAUSTED" });
    expect(refusal.message).toMatch(/^39 computations of model "m" are under way/);
    expect(refusal.retryAfterMs).toBeGreaterThan(1_000);
    expect(refusal.retryAfterMs).toBeLessThan(5_000);
    expect(shed).toEqual(["m"]);
    // Who has the time is let in.
    misses.compute(open("m", 60_000));
    expect(misses.inFlight).toBe(40);
  });

  test("is let in while that is not known", () => {
    for (let each = 0; each < 500; each += 1) misses.compute(open("m", 10));
    expect(misses.inFlight).toBe(500);
  });

  test("is let in when it is the only one, so that it is found out what has become better", () => {
    workOff(1, 5_000);
    misses.compute(open("m", 1_000));
    expect(refusalOf(() => misses.compute(open("m", 1_000))).reason).toBe("OVERLOADED");
  });

  test("is judged by what became of those that were late, too", () => {
    const late = [open("m", 300), open("m", 300)];
    for (const each of late) misses.compute(each);
    clock.advance(300);
    expect(misses.inFlight).toBe(0);
    misses.compute(open("m", 300));
    expect(refusalOf(() => misses.compute(open("m", 300))).reason).toBe("OVERLOADED");
  });

  test("is not judged by those whose callers went away, nor by another model's", () => {
    const gone = [open("m"), open("m")];
    for (const each of gone) misses.compute(each);
    clock.advance(900);
    for (const each of gone) each.fail(new KvringError("CANCELLED", "gone"));
    workOff(40, 100);
    for (let each = 0; each < 20; each += 1) misses.compute(open("other", 50));
    expect(misses.inFlight).toBe(20);
  });
});

describe("the places", () => {
  test("of one model are two thirds at most, and another finds room", () => {
    misses = admission(90);
    let flood = 0;
    const floodIn = (): void => {
      misses.wait(open("flood", 100_000));
      flood += 1;
    };
    const refusal = refusalOf(() => {
      for (;;) floodIn();
    });
    expect(flood).toBe(60);
    expect(refusal.message).toMatch(/60 requests wait for computations of model "flood"/);
    for (let each = 0; each < 15; each += 1) misses.wait(open("quiet", 100_000));
    expect(misses.inFlight).toBe(75);
  });

  test("are never more than there are, and are given back whatever ends a request", () => {
    const steps = fc.array(
      fc.record({
        model: fc.constantFrom("a", "b", "c"),
        end: fc.boolean(),
        compute: fc.boolean(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (most, script) => {
        misses = admission(most);
        const inside: OpenRequest[] = [];
        for (const { model, end, compute } of script) {
          const request = end ? inside.shift() : open(model);
          if (request === undefined) continue;
          if (end) {
            request.fail(new KvringError("CANCELLED", "gone"));
          } else {
            try {
              if (compute) misses.compute(request);
              else misses.wait(request);
              inside.push(request);
            } catch (error) {
              expect(KvringError.from(error).reason).toBe("OVERLOADED");
            }
          }
          expect(misses.inFlight).toBe(inside.length);
          expect(inside.length).toBeLessThanOrEqual(most);
        }
        for (const request of inside) request.succeed("miss", answer);
        expect(misses.inFlight).toBe(0);
      }),
    );
  });

  test("are taken once by a request that waits first and computes later", () => {
    const request = open("m");
    misses.wait(request);
    misses.wait(request);
    misses.compute(request);
    misses.compute(request);
    expect(misses.inFlight).toBe(1);
    request.succeed("miss", answer);
    expect(misses.inFlight).toBe(0);
  });
});
