import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import HashRing from "hashring";
import { describe, expect, test } from "vitest";
import type { Member } from "./descriptor.ts";
import { compileRing, type Ring, ringPosition } from "./ring.ts";

interface Golden {
  readonly members: readonly Member[];
  readonly texts: readonly { text: string; position: number; owner: string }[];
  readonly keys: readonly { key: string; position: number; primary: string }[];
}
const goldenFile = new URL("./ring.golden.json", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(goldenFile, "utf8"));

function md5Position(text: string): number {
  return createHash("md5").update(text).digest().readUInt32LE(0);
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function members(count: number, zones = count): Member[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${index + 1}`,
    address: `10.0.0.${index + 1}:8101`,
    zone: `zone-${index % zones}`,
  }));
}

function ringOf(list: readonly Member[]): Ring {
  return compileRing({ version: 1, members: list });
}

function hashringOf(list: readonly Member[]): HashRing {
  const servers = list.map(({ id, weight = 1 }) => [id, { vnodes: Math.round(160 * weight) }]);
  return new HashRing(Object.fromEntries(servers), "md5", { "vnode count": 1 });
}

describe("equality with hashring", () => {
  const ring = ringOf(golden.members);
  const hashring = hashringOf(golden.members);

  test.each(golden.texts)("golden text $text", ({ text, position, owner }) => {
    expect(md5Position(text)).toBe(position);
    expect(ring.ownerAtPoint(position)?.id).toBe(owner);
    expect(hashring.get(text)).toBe(owner);
  });

  test.each(golden.keys)("golden key $key", ({ key, position, primary }) => {
    const bytes = Buffer.from(key, "hex");
    expect(ringPosition(bytes)).toBe(position);
    expect(ring.primary(bytes)?.id).toBe(primary);
    expect(ring.owners(bytes, 3)[0]?.id).toBe(primary);
    expect(hashring.ring[hashring.find(position)]?.server).toBe(primary);
  });

  test.each([1, 2, 3, 7, 14, 28, 49, 64])("what get() answers, with %i members", (count) => {
    const list = members(count);
    const compiled = ringOf(list);
    const original = hashringOf(list);
    for (let index = 0; index < 2_000; index++) {
      const text = `${count}/${index}`;
      expect(compiled.ownerAtPoint(md5Position(text))?.id).toBe(original.get(text));
    }
  });

  test("on, just before and just after every point, and at both ends", () => {
    const edges = hashring.ring.flatMap(({ value }) => [value - 1, value, value + 1]);
    for (const position of [0, 1, 2 ** 32 - 1, ...edges]) {
      if (position < 0 || position >= 2 ** 32) continue;
      const expected = hashring.ring[hashring.find(position)]?.server;
      expect(ring.ownerAtPoint(position)?.id).toBe(expected);
    }
  });

  test("a point that two members share has one owner, in whatever order they are given", () => {
    // Both have the point 1038655854; so do node-281 and node-303 2513751485.
    const [a, b] = members(335).filter(({ id }) => id === "node-78" || id === "node-335");
    if (a === undefined || b === undefined) throw new Error("the members are missing");
    expect(ringOf([a, b]).ownerAtPoint(1038655854)?.id).toBe("node-335");
    expect(ringOf([b, a]).ownerAtPoint(1038655854)?.id).toBe("node-335");
    expect(hashringOf([b, a]).ring.filter(({ value }) => value === 1038655854)).toHaveLength(2);
  });
});

/** The definition of owners, without an index, a memory or an early end. */
function slowOwners(list: readonly Member[], position: number, replicas: number): string[] {
  const { ring } = hashringOf([...list].sort((a, b) => (a.id < b.id ? -1 : 1)));
  const clockwise = [
    ...ring.filter(({ value }) => value >= position),
    ...ring.filter(({ value }) => value < position),
  ];
  const met = [...new Set(clockwise.map(({ server }) => server))];
  const zoneOf = new Map(list.map(({ id, zone }) => [id, zone]));
  const zones = met.map((id) => zoneOf.get(id));
  const firsts = met.filter((_, at) => zones.indexOf(zones[at]) === at);
  const others = met.filter((_, at) => zones.indexOf(zones[at]) !== at);
  return [...firsts, ...others].slice(0, replicas);
}

describe("owners", () => {
  test("an empty ring has none", () => {
    const ring = ringOf([]);
    expect(ring.owners(digestOf("any"), 2)).toEqual([]);
    expect(ring.primary(digestOf("any"))).toBeUndefined();
    expect(ring.pointCount).toBe(0);
  });

  test("are those of the slow twin, whatever the zones, weights and replicas", () => {
    const zoned = fc.array(fc.record({ zone: fc.integer({ min: 0, max: 3 }), weight: weights }), {
      minLength: 1,
      maxLength: 8,
    });
    const positions = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 4 });
    fc.assert(
      fc.property(zoned, positions, fc.integer({ min: 1, max: 6 }), (specs, at, replicas) => {
        const list = specs.map(({ zone, weight }, index) => ({
          ...{ id: `node-${index}`, address: "h:1", zone: `z${zone}`, weight },
        }));
        const ring = ringOf(list);
        for (const position of at) {
          const ids = ring.ownersAtPoint(position, replicas).map(({ id }) => id);
          expect(ids).toEqual(slowOwners(list, position, replicas));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("lie in different zones where there are enough of them", () => {
    const ring = ringOf(members(12, 3));
    for (let index = 0; index < 2_000; index++) {
      const owners = ring.owners(digestOf(`key ${index}`), 3);
      expect(new Set(owners.map(({ zone }) => zone)).size).toBe(3);
    }
  });

  test("fill up from zones that are taken where there are too few", () => {
    const ring = ringOf(members(6, 2));
    for (let index = 0; index < 500; index++) {
      const owners = ring.owners(digestOf(`key ${index}`), 4);
      expect(new Set(owners).size).toBe(4);
      expect(owners[0]?.zone).not.toBe(owners[1]?.zone);
    }
  });

  test("are never more than the members", () => {
    expect(ringOf(members(2, 1)).owners(digestOf("any"), 5)).toHaveLength(2);
  });

  test("are the same list again in a small ring, and equal lists in a large one", () => {
    const key = digestOf("any");
    const small = ringOf(members(3));
    expect(small.owners(key, 2)).toBe(small.owners(key, 2));
    expect(Object.isFrozen(small.owners(key, 2))).toBe(true);
    const large = ringOf(members(25).map((member) => ({ ...member, weight: 10 })));
    expect(large.owners(key, 2)).toEqual(large.owners(key, 2));
    expect(large.owners(key, 2).map(({ id }) => id)).toEqual(
      slowOwners(large.members, ringPosition(key), 2),
    );
  });

  test("a key of another length or a number of replicas out of range is a mistake", () => {
    const ring = ringOf(members(2));
    expect(() => ring.owners(new Uint8Array(31), 1)).toThrow("32 bytes");
    expect(() => ring.owners(new Uint8Array(32), 0)).toThrow("from 1 to 16");
    expect(() => ring.owners(new Uint8Array(32), 17)).toThrow("from 1 to 16");
  });
});

const weights = fc.constantFrom(0.1, 0.5, 1, 2);

describe("compiling after an earlier ring", () => {
  test("gives what compiling afresh gives", () => {
    const list = members(8, 2);
    const some = (indices: number[]) => indices.map((index) => list[index] as Member);
    fc.assert(
      fc.property(fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), fc.subarray([0, 1, 2, 3, 4]), (a, b) => {
        const before = ringOf(some(a));
        const next = {
          version: 2,
          members: some(b).map((m, at) => ({ ...m, weight: 1 + (at % 2) })),
        };
        const fresh = compileRing(next);
        const reused = compileRing(next, before);
        expect(reused.version).toBe(2);
        expect(reused.pointCount).toBe(fresh.pointCount);
        for (let position = 7; position < 2 ** 32; position += 2 ** 24) {
          expect(reused.ownersAtPoint(position, 3)).toEqual(fresh.ownersAtPoint(position, 3));
        }
      }),
      { numRuns: 20 },
    );
  });

  test("takes the new address of a member that stays", () => {
    const before = ringOf(members(2));
    const moved = members(2).map((member) => ({ ...member, address: "elsewhere:1" }));
    const after = compileRing({ version: 2, members: moved }, before);
    expect(after.primary(digestOf("any"))?.address).toBe("elsewhere:1");
  });
});
