import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord, encodeRecord, type WrittenRecord } from "./record-codec.ts";

const gateway = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const count = fc.maxSafeNat();
const scope = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const terms = fc.record({ waitMs: count, drift: fc.double({ min: 0, max: 0.2, noNaN: true }) });
const member = fc.record({
  gateway,
  joinedAt: count,
  heartbeatAt: count,
  isTombstoned: fc.boolean(),
});

const anyRecord: fc.Arbitrary<WrittenRecord> = fc.oneof(
  fc.record({ kind: fc.constant("config" as const), terms }),
  fc.record({ kind: fc.constant("settled" as const), epoch: count }),
  fc.record({ kind: fc.constant("join" as const), gateway }),
  fc.record({ kind: fc.constant("leave" as const), gateway, epoch: count }),
  fc.record({ kind: fc.constant("heartbeat" as const), gateway, nonce: fc.string() }),
  fc.record({ kind: fc.constant("tombstone" as const), gateway }),
  fc.record({
    kind: fc.constant("invalidation" as const),
    scopes: fc.array(scope),
    attempt: fc.string(),
    coordinator: gateway,
  }),
  fc.record({
    kind: fc.constant("checkpoint" as const),
    epoch: count,
    coordinator: gateway,
    through: count,
    horizon: count,
    scopes: fc.array(fc.tuple(scope, count)),
    members: fc.array(member),
    terms,
    settledEpoch: count,
  }),
);

test("records come back as they were", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { subject, body } = encodeRecord(record);
      expect(subject).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$/);
      expect(decodeRecord(subject, body)).toEqual(record);
    }),
  );
});

test("a scope of a checkpoint takes 22 bytes at most", () => {
  const scopes = Array.from({ length: 3_000 }, (_, index) => [BigInt(index), index] as const);
  const checkpoint = {
    kind: "checkpoint" as const,
    epoch: 1,
    coordinator: "a",
    through: 1,
    horizon: 1,
    scopes: [],
    members: [],
    terms: { waitMs: 1, drift: 0 },
    settledEpoch: 0,
  };
  const without = encodeRecord(checkpoint).body.length;
  const having = encodeRecord({ ...checkpoint, scopes }).body.length;
  expect(having - without).toBeLessThanOrEqual(22 * 3_000);
});

test("what this version does not know is skipped", () => {
  const kind = Buffer.from('{"kind":"of-the-future"}');
  expect(decodeRecord("model.mnist", Buffer.from("anything"))).toEqual({ kind: "skipped" });
  expect(decodeRecord("epoch", Uint8Array.of(10, 2, 8, 1))).toEqual({ kind: "skipped" });
  expect(decodeRecord("inv", kind)).toEqual({ kind: "skipped" });
});

test.each([
  ["inv", "", "nothing"],
  ["inv", "{", "half of something"],
  ["inv", "[]", "a list"],
  ["inv", '{"kind":7}', "a kind that is none"],
  ["inv", '{"kind":"invalidation","scopes":["g"],"attempt":"","coordinator":""}', "no number"],
  ["inv", '{"kind":"invalidation","scopes":[1],"attempt":"","coordinator":""}', "no text"],
  ["inv", '{"kind":"join","gateway":"a"}', "a kind of another subject"],
  ["roster.b", '{"kind":"join","gateway":"a"}', "another gateway's"],
  ["hb.a", '{"kind":"heartbeat","gateway":"a"}', "a field too few"],
  ["config", '{"kind":"config","terms":{"waitMs":-1,"drift":0}}', "a number below 0"],
])("what should be known and cannot be read is not skipped: %s %s (%s)", (subject, body) => {
  expect(decodeRecord(subject, Buffer.from(body))).toEqual({ kind: "unreadable" });
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.constantFrom("inv", "checkpoint", "hb.a"), fc.uint8Array(), (subject, body) => {
      expect(decodeRecord(subject, body).kind).toBe("unreadable");
    }),
  );
});
