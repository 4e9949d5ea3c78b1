import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changeMembers,
  isMoving,
  type MemberChange,
  owning,
  owningBefore,
  type RingMember,
  type RingMembers,
} from "./members.ts";

const empty: RingMembers = { version: 0, members: [] };
const ids = (members: readonly RingMember[]): string[] => members.map(({ id }) => id);

function ring(...changes: MemberChange<RingMember>[]): RingMembers {
  return changes.reduce<RingMembers>((now, change) => changeMembers(now, change), empty);
}

const join = (id: string): MemberChange<RingMember> => ({
  kind: "join",
  member: { id, state: "active" },
});
const activate = (id: string): MemberChange<RingMember> => ({ kind: "activate", id });
const drain = (id: string): MemberChange<RingMember> => ({ kind: "drain", id });

test("the first node has nobody to take over from; the next ones join", () => {
  const { members } = ring(join("a"), join("b"));
  expect(members).toEqual([
    { id: "a", state: "active" },
    { id: "b", state: "joining" },
  ]);
  expect(ids(owning(members))).toEqual(["a", "b"]);
  expect(ids(owningBefore(members))).toEqual(["a"]);
  expect(isMoving(members)).toBe(true);
  expect(isMoving(ring(join("a"), join("b"), activate("b")).members)).toBe(false);
});

test("a node that drains owns nothing, and is still asked", () => {
  const { members } = ring(join("a"), join("b"), activate("b"), drain("a"));
  expect(ids(owning(members))).toEqual(["b"]);
  expect(ids(owningBefore(members))).toEqual(["a", "b"]);
});

test("the last node owns its keys while it drains", () => {
  expect(ids(owning(ring(join("a"), drain("a")).members))).toEqual(["a"]);
});

describe("any changes", () => {
  const id = fc.constantFrom("a", "b", "c");
  const change = fc.oneof(
    id.map(join),
    id.map(activate),
    id.map(drain),
    id.map((one): MemberChange<RingMember> => ({ kind: "remove", id: one })),
  );

  test("leave each node in once at most, and count in the version only if they are some", () => {
    fc.assert(
      fc.property(fc.array(change), change, (changes, last) => {
        const before = ring(...changes);
        const after = changeMembers(before, last);
        expect(new Set(ids(after.members)).size).toBe(after.members.length);
        expect(after.version).toBe(after === before ? before.version : before.version + 1);
        if (after !== before) expect(after.members).not.toEqual(before.members);
        expect(changeMembers(after, last)).toBe(after);
      }),
    );
  });

  test("always leave an owner where there is a node", () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const { members } = ring(...changes);
        expect(owning(members).length > 0).toBe(members.length > 0);
      }),
    );
  });
});
