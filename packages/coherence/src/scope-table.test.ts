import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Checkpoint } from "./records.ts";
import { protocolRules } from "./rules.ts";
import { ScopeTable } from "./scope-table.ts";

const epoch = 3;

function table(capacity = 1_000, before = 0): ScopeTable {
  const made = new ScopeTable(protocolRules, capacity);
  made.begin(epoch, before);
  return made;
}

function checkpointOf(made: ScopeTable, horizon: number, through = 0): Checkpoint {
  return {
    kind: "checkpoint",
    epoch,
    coordinator: "a",
    through,
    horizon,
    scopes: made.since(horizon),
    members: [],
    terms: { waitMs: 1, drift: 0 },
    settledEpoch: 0,
  };
}

const scopes = fc.uniqueArray(fc.bigInt({ min: 1n, max: 9n }), { minLength: 1, maxLength: 3 });
/** Each record's scopes; its sequence is its place, from 1. */
const history = fc.array(scopes, { maxLength: 30 });

/** What the table stands for, said slowly. */
function isOld(records: readonly (readonly bigint[])[], asked: readonly bigint[], born: number) {
  return records.some(
    (record, index) => index + 1 > born && record.some((one) => asked.includes(one)),
  );
}

function filled(records: readonly (readonly bigint[])[], capacity?: number): ScopeTable {
  const made = table(capacity);
  records.forEach((record, index) => {
    made.invalidate(record, index + 1);
  });
  return made;
}

test("an entry is current when none of its scopes was invalidated since it was born", () => {
  fc.assert(
    fc.property(history, scopes, fc.nat({ max: 31 }), (records, asked, born) => {
      const made = filled(records);
      const isCurrent = made.isCurrent(asked, { epoch, sequence: born });
      expect(isCurrent).toBe(!isOld(records, asked, born));
      expect(made.lastInvalidated(asked) <= born).toBe(isCurrent);
    }),
  );
});

test("what was born in another life of the log is not current", () => {
  expect(table().isCurrent([1n], { epoch: epoch + 1, sequence: 9_999 })).toBe(false);
});

describe("a full table", () => {
  test("stays within its bound, and errs on the safe side", () => {
    fc.assert(
      fc.property(history, scopes, fc.nat({ max: 31 }), (records, asked, born) => {
        const made = filled(records, 4);
        expect(made.size).toBeLessThanOrEqual(4);
        if (isOld(records, asked, born)) {
          expect(made.isCurrent(asked, { epoch, sequence: born })).toBe(false);
        }
      }),
    );
  });

  test("forgets all scopes at the record that is too much, and everything older is old", () => {
    const made = table(2);
    made.invalidate([1n], 1);
    made.invalidate([2n], 2);
    expect(made.isCurrent([3n], { epoch, sequence: 0 })).toBe(true);
    made.invalidate([3n], 3);
    expect(made.size).toBe(0);
    expect(made.isCurrent([4n], { epoch, sequence: 2 })).toBe(false);
    expect(made.isCurrent([4n], { epoch, sequence: 3 })).toBe(true);
  });
});

describe("a checkpoint", () => {
  test("says nothing new to who has read all", () => {
    fc.assert(
      fc.property(history, scopes, fc.nat({ max: 31 }), (records, asked, born) => {
        const made = filled(records);
        made.restore(checkpointOf(made, 0));
        expect(made.isCurrent(asked, { epoch, sequence: born })).toBe(!isOld(records, asked, born));
      }),
    );
  });

  test("with what follows it makes a latecomer as strict as those who have read all", () => {
    fc.assert(
      fc.property(history, history, fc.nat({ max: 30 }), scopes, (erased, kept, horizon, asked) => {
        const writer = filled(erased);
        const latecomer = table(1_000, erased.length);
        const reader = filled(erased);
        kept.forEach((record, index) => {
          latecomer.invalidate(record, erased.length + index + 1);
          reader.invalidate(record, erased.length + index + 1);
        });
        const checkpoint = checkpointOf(writer, Math.min(horizon, erased.length), erased.length);
        latecomer.restore(checkpoint);
        reader.restore(checkpoint);
        expect(latecomer.lastInvalidated(asked)).toBe(reader.lastInvalidated(asked));
        expect(latecomer.size).toBe(reader.size);
      }),
    );
  });

  test("leaves out what was invalidated up to its horizon: what was born before is old", () => {
    const made = filled([[1n], [2n], [3n]]);
    const checkpoint = checkpointOf(made, 2);
    expect(checkpoint.scopes).toEqual([[3n, 3]]);
    const latecomer = table();
    latecomer.restore(checkpoint);
    expect(latecomer.isCurrent([9n], { epoch, sequence: 1 })).toBe(false);
    expect(latecomer.isCurrent([9n], { epoch, sequence: 2 })).toBe(true);
  });
});

describe("what was erased before a reader came", () => {
  const isCurrent = (made: ScopeTable, born: number) =>
    made.isCurrent([9n], { epoch, sequence: born });

  test("may have been about anything, until a checkpoint tells", () => {
    const latecomer = table(1_000, 3);
    expect([2, 3].map((born) => isCurrent(latecomer, born))).toEqual([false, true]);
    const writer = filled([[1n], [9n], [2n]]);
    latecomer.restore(checkpointOf(writer, 0, 3));
    expect([1, 2, 3].map((born) => isCurrent(latecomer, born))).toEqual([false, true, true]);
  });

  test("is not told by a checkpoint from before it was erased", () => {
    const latecomer = table(1_000, 3);
    latecomer.restore(checkpointOf(filled([[1n]]), 0, 1));
    expect(isCurrent(latecomer, 2)).toBe(false);
  });

  test("is unknown to the readers of this one's checkpoints too", () => {
    const latecomer = table(1_000, 3);
    expect(latecomer.horizon).toBe(3);
    expect(latecomer.quantile(0.25)).toBe(3);
  });
});

test("a quarter of the scopes is before their first quartile", () => {
  const made = filled(Array.from({ length: 40 }, (_, index) => [BigInt(index)]));
  expect(made.since(made.quantile(0.25))).toHaveLength(29);
  expect(table().quantile(0.25)).toBe(0);
});
