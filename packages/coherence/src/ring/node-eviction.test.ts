import { expect, test } from "vitest";
import { type EvictionView, nodeToEvict } from "./node-eviction.ts";

const ring = {
  version: 4,
  members: ["n1", "n2", "n3"].map((id) => ({ id, state: "active" as const })),
};

function report(gateway: string, silences: Record<string, number>, changes: object = {}) {
  const silentMs = new Map(Object.entries(silences));
  return { gateway, ringVersion: ring.version, silentMs, ageMs: 100, ...changes };
}

const n2Silent = { n1: 10, n2: 2_500, n3: 40 };

function view(changes: Partial<EvictionView> = {}): EvictionView {
  const reports = [report("a", n2Silent), report("b", n2Silent)];
  return { ring, reports, gateways: 2, isLogAvailable: true, ...changes };
}

test("a node that nobody has heard for two seconds goes", () => {
  expect(nodeToEvict(view())).toBe("n2");
});

test("where there is one gateway, it decides alone", () => {
  expect(nodeToEvict(view({ reports: [report("a", n2Silent)], gateways: 1 }))).toBe("n2");
});

test.each<[string, Partial<EvictionView>]>([
  ["somebody has heard it", { reports: [report("a", n2Silent), report("b", { n2: 1_999 })] }],
  ["the second gateway says nothing", { reports: [report("a", n2Silent)] }],
  ["the log is away", { isLogAvailable: false }],
  [
    "the second vote is old",
    { reports: [report("a", n2Silent), report("b", n2Silent, { ageMs: 1_501 })] },
  ],
  [
    "the second vote is about another ring",
    { reports: [report("a", n2Silent), report("b", n2Silent, { ringVersion: 3 })] },
  ],
  [
    "the second gateway does not listen to it",
    { reports: [report("a", n2Silent), report("b", {})] },
  ],
  ["it is no member", { reports: ["a", "b"].map((one) => report(one, { n9: 9_000 })) }],
])("it stays while %s", (_why, changes) => {
  expect(nodeToEvict(view(changes))).toBeUndefined();
});

test("one goes at a time, the one silent longest first", () => {
  const silences = { n1: 3_000, n2: 4_000, n3: 1 };
  const reports = ["a", "b"].map((gateway) => report(gateway, silences));
  expect(nodeToEvict(view({ reports }))).toBe("n2");
  // Until the ring without it is known and voted on, the next one stays.
  const members = ring.members.filter(({ id }) => id !== "n2");
  expect(nodeToEvict(view({ reports, ring: { version: 5, members } }))).toBeUndefined();
});

test("nobody goes when all are silent: that is the network", () => {
  const reports = ["a", "b"].map((one) => report(one, { n1: 9_000, n2: 9_000, n3: 9_000 }));
  expect(nodeToEvict(view({ reports }))).toBeUndefined();
});
