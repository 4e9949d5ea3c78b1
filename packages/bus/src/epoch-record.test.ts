import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { decodeEpoch, encodeEpoch, randomEpoch } from "./epoch-record.ts";

const root = new protobuf.Root();
root.resolvePath = (_origin, target) =>
  fileURLToPath(new URL(`../../../proto/${target.replace(/^.*proto\//, "")}`, import.meta.url));
await root.load("kvring/v1/control.proto");
const logRecord = root.lookupType("kvring.v1.LogRecord");

const epochs = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

test("the record is a LogRecord of the .proto file", () => {
  fc.assert(
    fc.property(epochs, (epoch) => {
      const decoded = logRecord.toObject(logRecord.decode(encodeEpoch(epoch)), { longs: String });
      expect(decoded).toEqual({ epoch: { epoch: String(epoch) } });
    }),
  );
});

test("it is read back, and what protobufjs writes is read too", () => {
  fc.assert(
    fc.property(epochs, (epoch) => {
      expect(decodeEpoch(encodeEpoch(epoch))).toBe(epoch);
      const theirs = logRecord.fromObject({ epoch: { epoch: String(epoch) } });
      expect(decodeEpoch(logRecord.encode(theirs).finish())).toBe(epoch);
    }),
  );
});

test("anything else is not an epoch", () => {
  const good = encodeEpoch(300);
  for (let length = 0; length < good.length; length++) {
    expect(decodeEpoch(good.subarray(0, length))).toBeUndefined();
  }
  expect(decodeEpoch(Uint8Array.of(...good, 0))).toBeUndefined();
  expect(decodeEpoch(encodeEpoch(0))).toBeUndefined();
  expect(decodeEpoch(Uint8Array.of(0x0a, 3, 0x08, 0x80, 0x80))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
      const epoch = decodeEpoch(bytes);
      if (epoch !== undefined) expect(epoch).toBeGreaterThan(0);
    }),
  );
});

test("random epochs are positive, safe and differ", () => {
  const drawn = Array.from({ length: 100 }, randomEpoch);
  expect(drawn.every((epoch) => Number.isSafeInteger(epoch) && epoch > 0)).toBe(true);
  expect(new Set(drawn).size).toBe(100);
});
