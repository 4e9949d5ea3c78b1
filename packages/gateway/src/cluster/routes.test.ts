import { createHash } from "node:crypto";
import type { RingRecord } from "@kvring/bus";
import { compileRing } from "@kvring/ring";
import { expect, test } from "vitest";
import { Routes } from "./routes.ts";

const keys = Array.from({ length: 500 }, (_, index) =>
  createHash("sha256").update(`${index}`).digest(),
);

function ringOf(states: Readonly<Record<string, "active" | "joining" | "draining">>): RingRecord {
  const members = Object.entries(states).map(([id, state]) => {
    return { id, state, address: `${id}:1`, zone: "z", incarnation: id };
  });
  return { version: members.length, members };
}

const active = { n1: "active", n2: "active", n3: "active" } as const;
const ids = (members: readonly { readonly id: string }[]) => members.map(({ id }) => id);

test("while nobody comes or goes, nobody held a key before", () => {
  const routes = new Routes(ringOf(active));
  for (const key of keys) expect(routes.formerOwners(key, 2)).toEqual([]);
});

test("who joins is asked first for what becomes its own, and those before it hold it still", () => {
  const routes = new Routes(ringOf({ ...active, n4: "joining" }));
  const before = compileRing(ringOf(active));
  let moved = 0;
  for (const key of keys) {
    const former = routes.formerOwners(key, 2);
    if (routes.current.primary(key)?.id === "n4") {
      expect(ids(former)).toEqual(ids(before.owners(key, 2)));
      moved += 1;
    } else {
      expect(former).toEqual([]);
    }
  }
  expect(moved).toBeGreaterThan(keys.length / 8);
});

test("who drains owns nothing, and is asked for what it held", () => {
  const routes = new Routes(ringOf({ ...active, n1: "draining" }));
  const before = compileRing(ringOf(active));
  for (const key of keys) {
    expect(ids(routes.current.owners(key, 2))).not.toContain("n1");
    const [primary, secondary] = ids(before.owners(key, 2));
    const now = routes.current.primary(key)?.id;
    const expected = primary !== "n1" ? [] : ["n1", secondary].filter((id) => id !== now);
    expect(ids(routes.formerOwners(key, 2))).toEqual(expected);
  }
});

test("where all drain, or all join, they are all there is", () => {
  for (const state of ["draining", "joining"] as const) {
    const routes = new Routes(ringOf({ n1: state, n2: state }));
    for (const key of keys.slice(0, 10)) {
      expect(ids(routes.current.owners(key, 2)).toSorted()).toEqual(["n1", "n2"]);
      expect(routes.formerOwners(key, 2)).toEqual([]);
    }
  }
});
