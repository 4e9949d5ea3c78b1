import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "@kvring/cli/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { metric } from "../harness/cluster.ts";
import { Laboratory } from "../laboratory.ts";
import { generationQuestion } from "../load/question.ts";
import { expectHonest, expectNothingFailed, margin } from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

test("Docker sees that a gateway is healthy", async () => {
  await eventually(async () => {
    const health = await lab.cluster.gateways[0]?.health();
    return health === "healthy" ? undefined : `the gateway is ${health}`;
  });
});

test("3 → 5 → 3 nodes: nothing fails, and no key is computed because it moved", async () => {
  const { cluster } = lab;
  const found = await lab.experiment("3 → 5 → 3 nodes", async ({ begin }) => {
    begin();
    const added = [await cluster.addNode(), await cluster.addNode()];
    await cluster.ready();
    await pause(5_000);
    for (const node of added) {
      expect.soft(await metric(node, "kvring_node_hits_total"), "it took part").toBeGreaterThan(0);
      const exitCode = await cluster.removeNode(node);
      expect.soft(exitCode, `${node.name} says how its drain ended`).toBe(0);
    }
    await cluster.ready();
    await pause(4_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expect.soft(found.recomputedKeys).toBe(0);
  const dip = found.before.hitRatio - found.during.hitRatio;
  expect.soft(dip, "the hit ratio dips").toBeLessThanOrEqual(0.02 * margin);
});

test("a full node forgets, and refuses nothing", async () => {
  const { cluster, load, targets } = lab;
  const [target] = targets;
  if (target === undefined) throw new Error("there are two gateways");
  const large = Array.from({ length: 600 }, (_, index) =>
    generationQuestion(500_000 + index, { padding: 2_000 }),
  );
  const found = await lab.experiment("a full node", async ({ begin }) => {
    begin();
    // Of four nodes one has room for an eighth of what it owns of these.
    const node = await cluster.addNode({ KVRING_CAPACITY: "1MiB" });
    await cluster.ready();
    await load.warm(target, large);
    await eventually(async () => {
      const evictions = await metric(node, "kvring_node_evictions_total");
      return evictions > 0 ? undefined : "it is not full";
    });
    const used = await metric(node, "kvring_node_used_bytes");
    expect.soft(used).toBeLessThanOrEqual(await metric(node, "kvring_node_capacity_bytes"));
    await pause(2_000);
    expect.soft(await cluster.removeNode(node)).toBe(0);
    await cluster.ready();
  });
  expectHonest(found);
  expectNothingFailed(found);
});
