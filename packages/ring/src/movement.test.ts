import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type Member, type RingDescriptor, withMember, withoutMember } from "./descriptor.ts";
import { evenSample, movement } from "./movement.ts";
import { compileRing, type Ring, ringPosition } from "./ring.ts";

const steps = 64;

function member(number: number): Member {
  return { id: `node-${number}`, address: `10.0.0.${number}:8101`, zone: `zone-${number % 3}` };
}

/** 100,000 request keys; sorted, so that neighbours are looked up together and the test is quick. */
const keys = Uint32Array.from({ length: 100_000 }, (_, index) =>
  ringPosition(createHash("sha256").update(`request ${index}`).digest()),
).sort();

describe("one member more, and one less, from 1 to 65", () => {
  const rings: Ring[] = [];
  const primaries: Uint8Array[] = [];

  beforeAll(() => {
    let descriptor: RingDescriptor = { version: 1, members: [member(1)] };
    for (let count = 1; count <= steps + 1; count++) {
      const ring = compileRing(descriptor, rings.at(-1));
      rings.push(ring);
      primaries.push(Uint8Array.from(keys, (position) => numberOf(ring.ownerAtPoint(position))));
      descriptor = withMember(descriptor, member(count + 1));
    }
  });

  test("moves at most 1/(n+1) + 2 % of the primaries, and only to and from that one", () => {
    for (let count = 1; count <= steps; count++) {
      const before = primaries[count - 1] as Uint8Array;
      const after = primaries[count] as Uint8Array;
      let moved = 0;
      let between = 0;
      for (let index = 0; index < keys.length; index++) {
        if (before[index] === after[index]) continue;
        moved += 1;
        // Read backwards this is a removal: only what the leaving one had moves.
        if (after[index] !== count + 1) between += 1;
      }
      expect(between, `${count} to ${count + 1}`).toBe(0);
      expect(moved / keys.length, `${count} to ${count + 1}`).toBeLessThanOrEqual(
        1 / (count + 1) + 0.02,
      );
      expect(moved, `${count} to ${count + 1}`).toBeGreaterThan(0);
    }
  });

  test("a ring after a removal is the ring before the addition", () => {
    for (const count of [2, 7, 8, 64]) {
      const { members } = rings[count - 1] as Ring;
      const smaller = withoutMember({ version: count, members }, `node-${count}`);
      const ring = compileRing(smaller, rings[count - 1]);
      const expected = primaries[count - 2] as Uint8Array;
      const numbers = Uint8Array.from(keys, (position) => numberOf(ring.ownerAtPoint(position)));
      expect(Buffer.compare(numbers, expected)).toBe(0);
    }
  });

  test("the report says the same", () => {
    for (const count of [1, 3, 6, 7, 28]) {
      const [before, after] = [rings[count - 1], rings[count]] as [Ring, Ring];
      for (const report of [movement(before, after, keys, 2), movement(after, before, keys, 2)]) {
        expect(report.sampled).toBe(keys.length);
        expect(report.movedBetweenUnchanged).toBe(0);
        expect(report.primariesMoved).toBeLessThanOrEqual(1 / (count + 1) + 0.02);
      }
    }
  });

  test("with two replicas about twice as many keys get a new owner", () => {
    const report = movement(rings[9] as Ring, rings[10] as Ring, keys, 2);
    expect(report.ownersChanged).toBeGreaterThan(1.5 * report.primariesMoved);
    expect(report.ownersChanged).toBeLessThan(2.5 * report.primariesMoved);
  });
});

function numberOf(owner: Member | undefined): number {
  return Number(owner?.id.slice("node-".length));
}

describe("weights", () => {
  const five = [1, 2, 3, 4, 5].map(member);
  const ringWith = (weight: number) =>
    compileRing({ version: 1, members: [{ ...member(6), weight }, ...five] });

  test.each([
    [1, 2],
    [2, 1],
    [0.5, 0.6],
    [1, 10],
    [10, 0.1],
  ])("from %f to %f moves keys of that member only", (from, to) => {
    const report = movement(ringWith(from), ringWith(to), keys, 1);
    expect(report.movedBetweenUnchanged).toBe(0);
    const share = Math.abs(from / (5 + from) - to / (5 + to));
    expect(report.primariesMoved).toBeGreaterThan(0);
    expect(report.primariesMoved).toBeLessThanOrEqual(share + 0.02);
  });

  test("joining with a weight moves that share", () => {
    const report = movement(compileRing({ version: 1, members: five }), ringWith(3), keys, 1);
    expect(report.movedBetweenUnchanged).toBe(0);
    expect(Math.abs(report.primariesMoved - 3 / 8)).toBeLessThan(0.02);
  });
});

describe("the report", () => {
  const ring = compileRing({ version: 1, members: [1, 2, 3].map(member) });

  test("of no change is nothing", () => {
    expect(movement(ring, ring, evenSample(1_000), 2)).toEqual({
      sampled: 1_000,
      primariesMoved: 0,
      movedBetweenUnchanged: 0,
      ownersChanged: 0,
    });
  });

  test("finds keys that move between members that did not change", () => {
    // Swapping the names of two members is what no consistent ring may do.
    const swapped = compileRing({ version: 2, members: [1, 2, 3].map(member) });
    const crossed = {
      "node-1": "node-2",
      "node-2": "node-1",
      "node-3": "node-3",
    } as Readonly<Record<string, string>>;
    const liar = {
      members: ring.members,
      ownersAtPoint: (position: number, replicas: number) =>
        swapped
          .ownersAtPoint(position, replicas)
          .map((owner) => ({ ...owner, id: crossed[owner.id] ?? owner.id })),
    };
    const report = movement(ring, liar, evenSample(1_000), 1);
    expect(report.movedBetweenUnchanged).toBeGreaterThan(0.5);
    expect(report.movedBetweenUnchanged).toBe(report.primariesMoved);
  });

  test("from an empty ring everything moves; of an empty sample nothing does", () => {
    const empty = compileRing({ version: 0, members: [] });
    const report = movement(empty, ring, evenSample(100), 2);
    expect(report).toMatchObject({ primariesMoved: 1, movedBetweenUnchanged: 0, ownersChanged: 1 });
    expect(movement(empty, ring, new Uint32Array(0), 2).primariesMoved).toBe(0);
  });

  test("an even sample goes around the ring once", () => {
    expect([...evenSample(4)]).toEqual([2 ** 29, 3 * 2 ** 29, 5 * 2 ** 29, 7 * 2 ** 29]);
  });
});
