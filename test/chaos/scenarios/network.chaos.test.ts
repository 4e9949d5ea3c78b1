import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ports } from "../harness/cluster.ts";
import type { Container } from "../harness/container.ts";
import { Laboratory } from "../laboratory.ts";
import {
  expectComputedOnce,
  expectHonest,
  expectNothingFailed,
  recoveryMs,
} from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

const faultMs = 5_000;
const afterMs = recoveryMs + 2_000;

interface Victim {
  readonly node: Container;
  /** Addresses. */
  readonly gateways: readonly string[];
  readonly others: readonly string[];
}

/** What is done to one node of three, and how the others are to fare meanwhile. */
const faults: readonly (readonly [name: string, harm: (victim: Victim) => Promise<void>])[] = [
  ["a node with 5 % of a core", ({ node }) => node.limitCpu(0.05)],
  [
    "50 ± 10 ms to a node",
    ({ node, others }) => lab.cluster.faults.delay(node, others, { delayMs: 50, jitterMs: 10 }),
  ],
  ["30 % loss to a node", ({ node, others }) => lab.cluster.faults.lose(node, others, 0.3)],
  [
    "connections to a node are reset",
    ({ node, others }) => lab.cluster.faults.reset(node, others, ports.node),
  ],
  [
    "a node cut off from the gateways",
    ({ node, gateways }) => lab.cluster.faults.partition(node, gateways),
  ],
  [
    "a node that does not hear the gateways",
    ({ node, gateways }) => lab.cluster.faults.deafen(node, gateways),
  ],
  ["a node that stands still", ({ node }) => node.pause()],
];

test.each(faults)("%s: nothing fails", async (name, harm) => {
  const { nodes, gateways, all } = lab.cluster;
  const [node] = nodes;
  if (node === undefined) throw new Error("there are three nodes");
  const addressOf = ({ address }: Container): string => address;
  const others = all.filter((container) => container !== node).map(addressOf);
  let healedMs = Number.NaN;
  const found = await lab.experiment(name, async ({ begin }) => {
    begin();
    await harm({ node, gateways: gateways.map(addressOf), others });
    await pause(faultMs);
    await lab.cluster.heal();
    healedMs = performance.now();
    await pause(afterMs);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  const healedAfterMs = healedMs - found.faultMs;
  expect.soft(found.p99RecoveryMs - healedAfterMs).toBeLessThanOrEqual(recoveryMs);
  expect.soft(found.hitRecoveryMs - healedAfterMs).toBeLessThanOrEqual(recoveryMs);
});
