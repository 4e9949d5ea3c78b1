import { expect, test } from "vitest";
import { epoch, Tape } from "./testing/tape.ts";

const all = 1n;
const tag = 9n;

function served(): { readonly tape: Tape; readonly born: { epoch: number; sequence: number } } {
  const tape = new Tape();
  const gateway = tape.start("a", { isLogOurs: true });
  return { tape, born: gateway.position };
}

function invalidate(tape: Tape, scopes: readonly bigint[]): void {
  const deadlineMs = tape.nowMs + 1_000;
  tape.step("a", { kind: "invalidate", call: 1, scopes, isBroad: false, deadlineMs });
}

function admissionOf(tape: Tape) {
  const gateway = tape.gateways.get("a");
  if (gateway === undefined) throw new Error("it was started");
  return gateway.admission;
}

test("an answer computed for a request may be given to it, whatever is invalidated meanwhile", () => {
  const { tape, born } = served();
  const admission = admissionOf(tape);
  const admitted = admission.admit(tape.nowMs);
  if (admitted === undefined) throw new Error("the lease is held");
  invalidate(tape, [all]);
  expect(admission.isCurrent({ born, scopes: [all] }, [])).toBe(false);
  expect(admission.mayDeliver({ born: admitted, scopes: [all] }, [], admitted)).toBe(true);
  const later = admission.admit(tape.nowMs);
  if (later === undefined) throw new Error("the lease is held");
  expect(admission.mayDeliver({ born: admitted, scopes: [all] }, [], later)).toBe(false);
});

test("a tag of the request counts, though whoever had the entry computed did not name it", () => {
  const { tape, born } = served();
  const admission = admissionOf(tape);
  invalidate(tape, [tag]);
  expect(admission.isCurrent({ born, scopes: [all] }, [])).toBe(true);
  expect(admission.isCurrent({ born, scopes: [all] }, [tag])).toBe(false);
});

test("what is looked for or joined is not older than the last invalidation of the scopes", () => {
  const { tape, born } = served();
  const admission = admissionOf(tape);
  expect(admission.minBorn([all])).toEqual({ epoch, sequence: 0 });
  expect(admission.mayJoin([all], born)).toBe(true);
  invalidate(tape, [all]);
  expect(admission.minBorn([all, tag])).toEqual({ epoch, sequence: tape.records.length });
  expect(admission.minBorn([tag])).toEqual({ epoch, sequence: 0 });
  expect(admission.mayJoin([all], born)).toBe(false);
  expect(admission.mayJoin([tag], born)).toBe(true);
});

test("without a lease nothing is admitted, and its age is known for who accepts that", () => {
  const { tape } = served();
  const admission = admissionOf(tape);
  expect(admission.leaseAgeMs(tape.nowMs + 200)).toBe(200);
  tape.cut.add("a");
  tape.nowMs += 20_000;
  expect(admission.admit(tape.nowMs)).toBeUndefined();
  expect(admission.leaseAgeMs(tape.nowMs)).toBe(20_000);
});
