import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ports } from "../harness/cluster.ts";
import type { Container } from "../harness/container.ts";
import type { NetworkFaults } from "../harness/network-faults.ts";
import { Laboratory } from "../laboratory.ts";
import {
  expectComputedOnce,
  expectHonest,
  expectNothingFailed,
  expectRecovery,
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

interface Victim {
  readonly node: Container;
  readonly faults: NetworkFaults;
  /** Addresses. */
  readonly gateways: readonly string[];
  readonly others: readonly string[];
}

/** What is done to one node of three, and what shows that it was. */
interface Harm {
  readonly name: string;
  harm(victim: Victim): Promise<void>;
  effect(victim: Victim): Promise<unknown>;
}

const packets = ({ node, faults }: Victim): Promise<number> => faults.packetsHit(node);

const harms: readonly Harm[] = [
  {
    name: "a node with 5 % of a core",
    harm: ({ node }) => node.limitCpu(0.05),
    effect: ({ node }) => node.throttledPeriods(),
  },
  {
    name: "50 ± 10 ms to a node",
    harm: ({ node, others, faults }) => faults.delay(node, others, { delayMs: 50, jitterMs: 10 }),
    effect: packets,
  },
  {
    name: "30 % loss to a node",
    harm: ({ node, others, faults }) => faults.lose(node, others, 0.3),
    effect: packets,
  },
  {
    name: "connections to a node are reset",
    harm: ({ node, others, faults }) => faults.reset(node, others, ports.node),
    effect: packets,
  },
  {
    name: "a node cut off from the gateways",
    harm: ({ node, gateways, faults }) => faults.partition(node, gateways),
    effect: packets,
  },
  {
    name: "a node that does not hear the gateways",
    harm: ({ node, gateways, faults }) => faults.deafen(node, gateways),
    effect: packets,
  },
  {
    name: "a node that stands still",
    harm: ({ node }) => node.pause(),
    effect: async ({ node }) => Number(!(await node.isRunning())),
  },
];

test.each(harms)("$name: nothing fails", async ({ name, harm, effect }) => {
  const { cluster } = lab;
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("there are three nodes");
  const victim: Victim = {
    node,
    faults: cluster.faults,
    gateways: cluster.gateways.map(({ address }) => address),
    others: cluster.all.filter((other) => other !== node).map(({ address }) => address),
  };
  const found = await lab.experiment(name, async ({ begin, healed }) => {
    begin();
    await harm(victim);
    await pause(faultMs);
    expect.soft(await effect(victim), "the fault was felt").toBeGreaterThan(0);
    await cluster.heal();
    healed();
    await pause(recoveryMs + 2_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expectRecovery(found);
});
