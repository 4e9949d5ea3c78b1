import { describe, expect, test } from "vitest";
import type { Checkpoint, CheckpointMember } from "./records.ts";
import { Roster } from "./roster.ts";

const epoch = 5;

function checkpoint(through: number, members: readonly CheckpointMember[]): Checkpoint {
  return {
    kind: "checkpoint",
    epoch,
    coordinator: "w",
    through,
    horizon: 0,
    scopes: [],
    members,
    terms: { waitMs: 1, drift: 0 },
    settledEpoch: 0,
  };
}

function listed(gateway: string, heartbeatAt: number): CheckpointMember {
  return { gateway, joinedAt: 1, heartbeatAt, isTombstoned: false };
}

function begun(before = 0): Roster {
  const roster = new Roster();
  roster.begin(epoch, before);
  return roster;
}

const names = (roster: Roster): string[] => [...roster.entries()].map(([gateway]) => gateway);

test("remembers when who was heard, and what the next heartbeat has to follow", () => {
  const roster = begun();
  roster.joined("a", 1, 10);
  expect(roster.get("a")).toMatchObject({ heartbeatAt: 0, heardMs: undefined, knownMs: 10 });
  roster.heard("a", 2, 20);
  roster.tombstoned("a", 3, 30);
  // The tombstone is the last record, but no lease was asked for by it.
  expect(roster.get("a")).toMatchObject({ heartbeatAt: 3, heardMs: 20, isTombstoned: true });
  roster.left("a");
  expect(roster.size).toBe(0);
});

test("a heartbeat that comes after its sender left brings nobody back", () => {
  const roster = begun();
  roster.joined("a", 1, 10);
  roster.left("a");
  roster.heard("a", 3, 20);
  expect(roster.size).toBe(0);
});

test("to who has read all, a checkpoint says nothing new", () => {
  const roster = begun();
  roster.joined("a", 1, 10);
  roster.left("a");
  roster.restore(checkpoint(2, [listed("a", 1), listed("z", 1)]), 20);
  expect(roster.size).toBe(0);
});

describe("who begins behind erased records", () => {
  test("gets their members from the checkpoint, and counts their silence from then on", () => {
    const roster = begun(100);
    roster.restore(checkpoint(100, [listed("a", 90), listed("b", 0)]), 20);
    expect(roster.get("a")).toMatchObject({ heartbeatAt: 90, heardMs: 20 });
    expect(roster.get("b")?.heardMs).toBeUndefined();
  });

  test("knows better where it has read more", () => {
    const roster = begun(100);
    roster.heard("a", 104, 5);
    roster.tombstoned("b", 105, 6);
    roster.left("c");
    roster.joined("d", 106, 7);
    roster.restore(checkpoint(102, [listed("a", 90), listed("b", 91), listed("c", 92)]), 20);
    expect(names(roster)).toEqual(["a", "b", "d"]);
    expect(roster.get("a")).toMatchObject({ heartbeatAt: 104, heardMs: 5 });
    expect(roster.get("b")?.isTombstoned).toBe(true);
  });

  test("drops who was heard though it had left in an erased record", () => {
    const roster = begun(100);
    roster.heard("gone", 101, 5);
    roster.restore(checkpoint(103, [listed("a", 90)]), 20);
    expect(names(roster)).toEqual(["a"]);
  });

  test("goes on waiting while a checkpoint does not reach to where the erased ones end", () => {
    const roster = begun(100);
    roster.restore(checkpoint(99, [listed("a", 90)]), 20);
    expect(roster.size).toBe(0);
    roster.restore(checkpoint(100, [listed("b", 90)]), 20);
    expect(names(roster)).toEqual(["b"]);
  });
});

describe("acknowledgements", () => {
  test("are cumulative, in any order, also of who is not known yet", () => {
    const roster = begun();
    roster.acknowledge("a", { epoch, sequence: 9 });
    roster.acknowledge("a", { epoch, sequence: 7 });
    expect(roster.acknowledged("a").sequence).toBe(9);
    expect(roster.acknowledged("nobody").epoch).toBe(0);
  });

  test("of another life of the log do not replace those of this one", () => {
    const roster = begun();
    roster.acknowledge("a", { epoch, sequence: 2 });
    roster.acknowledge("a", { epoch: epoch - 1, sequence: 9 });
    expect(roster.acknowledged("a")).toEqual({ epoch, sequence: 2 });
  });

  test("of strangers are bounded", () => {
    const roster = begun();
    roster.joined("member", 1, 0);
    roster.acknowledge("member", { epoch, sequence: 1 });
    for (let index = 0; index < 5_000; index += 1) {
      roster.acknowledge(`stranger-${index}`, { epoch, sequence: 1 });
    }
    expect(roster.acknowledged("stranger-0").sequence).toBe(0);
    expect(roster.acknowledged("member").sequence).toBe(1);
  });
});
