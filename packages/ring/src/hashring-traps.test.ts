import { createHash } from "node:crypto";
import HashRing from "hashring";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Member } from "./descriptor.ts";
import { compileRing, ringPosition } from "./ring.ts";

/** What hashring 3.2.0 does wrong, shown on hashring itself, and that our rings do not. */

function members(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${index + 1}`,
    address: `[2001:db8::${index + 1}]:8101`,
    zone: "a",
  }));
}

function plainServers(count: number): Record<string, { vnodes: number }> {
  return Object.fromEntries(members(count).map(({ id }) => [id, { vnodes: 0 }]));
}

afterEach(() => {
  vi.restoreAllMocks();
  // What the trap of the `constructor` key leaves behind on a global.
  for (const name of ["value", "before", "next"]) Reflect.deleteProperty(Object, name);
});

describe("the rounding of vnodes", () => {
  test.each([7, 14, 28, 49])("hashring's own count loses points with %i members", (count) => {
    const hashring = new HashRing(plainServers(count), "md5", { "vnode count": 40 });
    expect(hashring.ring.length).toBe(39 * 4 * count);
    const exact = compileRing({ version: 1, members: members(count) });
    expect(exact.pointCount).toBe(640 * count);
  });

  test("every member has 640 points per weight", () => {
    for (const count of [1, 2, 3, 6, 7, 8, 14, 28, 49, 56, 64]) {
      const ring = compileRing({ version: 1, members: members(count) });
      expect(ring.pointCount).toBe(640 * count);
    }
    const weighted = [0.1, 0.25, 1, 3, 10].map((weight, at) => ({ ...members(5)[at], weight }));
    const ring = compileRing({ version: 1, members: weighted as Member[] });
    expect(ring.pointCount).toBe(64 + 160 + 640 + 1_920 + 6_400);
  });
});

describe("the cache inside get", () => {
  test("hashring takes the key `constructor` for a cached one, across rings", () => {
    const first = new HashRing(plainServers(1), "md5", { "vnode count": 40 });
    first.get("constructor");
    const other = new HashRing({ elsewhere: { vnodes: 0 } }, "md5", { "vnode count": 40 });
    expect(other.get("constructor")).toBe("node-1");
  });

  test("hashring throws when told to remember nothing", () => {
    const options = { "vnode count": 40, "max cache size": 0 };
    const hashring = new HashRing(plainServers(2), "md5", options);
    expect(() => hashring.get("any")).toThrow(TypeError);
  });

  test("our rings never call it, and answer for every such key", () => {
    const get = vi.spyOn(HashRing.prototype, "get");
    const ring = compileRing({ version: 1, members: members(3) });
    for (const text of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
      const position = createHash("md5").update(text).digest().readUInt32LE(0);
      const hashring = new HashRing(
        Object.fromEntries(members(3).map(({ id }) => [id, { vnodes: 160 }])),
        "md5",
        { "vnode count": 1 },
      );
      const expected = hashring.ring[hashring.find(position)]?.server;
      expect(ring.ownerAtPoint(position)?.id).toBe(expected);
      const key = createHash("sha256").update(text).digest();
      expect(ring.owners(key, 2)[0]).toBe(ring.ownerAtPoint(ringPosition(key)));
    }
    expect(get).not.toHaveBeenCalled();
  });
});

describe("names of servers", () => {
  test("hashring cuts an IPv6 address at its colons, and gives two servers the same points", () => {
    const servers = { "fe80:8101::1": { vnodes: 4 }, "fe80:8101::2": { vnodes: 4 } };
    const options = { "vnode count": 1, "default port": 8101 };
    const { ring } = new HashRing(servers, "md5", options);
    const points = (id: string) => ring.filter(({ server }) => server === id);
    expect(points("fe80:8101::1").map(({ value }) => value)).toEqual(
      points("fe80:8101::2").map(({ value }) => value),
    );
  });

  test("our ids are opaque, and the address does not matter", () => {
    const here = compileRing({ version: 1, members: members(3) });
    const moved = members(3).map((member) => ({ ...member, address: "10.0.0.1:1" }));
    const there = compileRing({ version: 2, members: moved });
    for (let position = 0; position < 2 ** 32; position += 2 ** 22) {
      expect(there.ownerAtPoint(position)?.id).toBe(here.ownerAtPoint(position)?.id);
    }
    const bare = { id: "2001:db8::1", address: "[2001:db8::1]:8101", zone: "a" };
    expect(() => compileRing({ version: 1, members: [bare] })).toThrow("cannot be a node id");
  });

  test("names that every object has are ids like others", () => {
    const ids = ["constructor", "toString", "valueOf", "hasOwnProperty"];
    const list = ids.map((id) => ({ id, address: "h:1", zone: "a" }));
    const ring = compileRing({ version: 1, members: list });
    expect(ring.pointCount).toBe(4 * 640);
    const met = new Set<string | undefined>();
    for (let position = 0; position < 2 ** 32; position += 2 ** 22) {
      met.add(ring.ownerAtPoint(position)?.id);
    }
    expect([...met].sort()).toEqual([...ids].sort());
  });
});
