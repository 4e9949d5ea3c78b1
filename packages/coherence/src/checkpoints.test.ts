import { expect, test } from "vitest";
import { Checkpoints, purgeThrough } from "./checkpoints.ts";
import { lifeBegan, lifeTold, noLife } from "./life.ts";
import { type CoherenceOptions, defaultCoherenceOptions } from "./options.ts";
import type { Checkpoint } from "./records.ts";
import { Roster } from "./roster.ts";
import { protocolRules } from "./rules.ts";
import { ScopeTable } from "./scope-table.ts";

const epoch = 1;
const terms = { waitMs: 1_000, drift: 0 };
const life = lifeTold(lifeBegan(noLife, epoch, false, 0), { kind: "config", terms });

function setting(changes: Partial<CoherenceOptions>, sequence: number, nowMs = 0) {
  const options = { ...defaultCoherenceOptions, id: "b", ...changes };
  const checkpoints = new Checkpoints(options);
  const roster = new Roster();
  const table = new ScopeTable(protocolRules, options.scopes + options.reservedScopes);
  checkpoints.begin(0);
  roster.begin(epoch, 0);
  table.begin(epoch, 0);
  roster.joined("b", 1, 0);
  return { checkpoints, view: { position: { epoch, sequence }, life, roster, table, nowMs } };
}

function recordOf(need: { record: { kind: string } } | undefined): Checkpoint {
  if (need?.record.kind !== "checkpoint") throw new Error("a checkpoint was due");
  return need.record as Checkpoint;
}

test("is due after so many records, and follows the one before", () => {
  const { checkpoints, view } = setting({ checkpointEvery: 10 }, 9);
  expect(checkpoints.need(view)).toBeUndefined();
  const due = { ...view, position: { epoch, sequence: 10 } };
  expect(checkpoints.need(due)).toMatchObject({ expectedLast: 0, record: { through: 10 } });
  checkpoints.read(11);
  expect(checkpoints.need(due)).toBeUndefined();
  expect(checkpoints.need({ ...view, position: { epoch, sequence: 21 } })?.expectedLast).toBe(11);
});

test("is left to the first of the members, as long as it does its part", () => {
  const { checkpoints, view } = setting({ checkpointEvery: 80 }, 89);
  view.roster.joined("a", 2, 0);
  expect(checkpoints.need(view)).toBeUndefined();
  expect(checkpoints.need({ ...view, position: { epoch, sequence: 90 } })).toBeDefined();
});

test("leaves out scopes older than every entry", () => {
  const { checkpoints, view } = setting({ checkpointEvery: 1, entryTtlMs: 16_000 }, 100, 19_000);
  view.table.invalidate([1n], 5);
  view.table.invalidate([2n], 60);
  checkpoints.passed(10, 0);
  checkpoints.passed(50, 1_000);
  checkpoints.passed(90, 2_000);
  expect(recordOf(checkpoints.need(view))).toMatchObject({ horizon: 50, scopes: [[2n, 60]] });
  expect(recordOf(checkpoints.need({ ...view, nowMs: 17_000 })).horizon).toBe(0);
});

test("gives the older quarter up when the table is nearly full", () => {
  const { checkpoints, view } = setting({ checkpointEvery: 1_000_000, scopes: 100 }, 200);
  for (let index = 1; index <= 89; index += 1) view.table.invalidate([BigInt(index)], index);
  expect(checkpoints.need(view)).toBeUndefined();
  view.table.invalidate([90n], 90);
  const checkpoint = recordOf(checkpoints.need(view));
  expect(checkpoint.scopes.length).toBeLessThanOrEqual(68);
  expect(checkpoint.scopes.every(([, sequence]) => sequence > checkpoint.horizon)).toBe(true);
});

test("lets go of the log before it, but for the last heartbeats of those who are there", () => {
  const { checkpoints, view } = setting({ checkpointEvery: 1 }, 100);
  const { roster } = view;
  const checkpoint = recordOf(checkpoints.need(view));
  expect(purgeThrough(checkpoint, roster)).toBe(100);
  roster.heard("b", 98, 0);
  roster.joined("c", 3, 0);
  expect(purgeThrough(checkpoint, roster)).toBe(97);
  roster.heard("b", 120, 0);
  expect(purgeThrough(checkpoint, roster)).toBe(100);
});
