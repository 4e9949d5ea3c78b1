import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "@kvring/cli/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { metric } from "../harness/cluster.ts";
import { Laboratory } from "../laboratory.ts";
import { generationQuestion } from "../load/question.ts";
import { expectComputedOnce, expectHonest, expectNothingFailed } from "./expectations.ts";

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

test("3 → 5 → 3 nodes: nothing fails, and nothing is computed again", async () => {
  const { cluster } = lab;
  const found = await lab.experiment("3 → 5 → 3 nodes", async ({ begin }) => {
    begin();
    const added = [await cluster.addNode(), await cluster.addNode()];
    await cluster.ready();
    await pause(5_000);
    for (const node of added) {
      const exitCode = await cluster.removeNode(node);
      expect.soft(exitCode, `${node.name} says how its drain ended`).toBe(0);
    }
    await cluster.ready();
    await pause(4_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expect.soft(found.before.hitRatio - found.during.hitRatio).toBeLessThanOrEqual(0.06);
});

test("a full node forgets what is used least, and refuses nothing", async () => {
  const { cluster } = lab;
  const found = await lab.experiment("a full node", async ({ begin }) => {
    begin();
    // Of four nodes one holds a tiny part of what it owns.
    const node = await cluster.addNode({ KVRING_CAPACITY: "1MiB" });
    await cluster.ready();
    await lab.load.warm(
      Array.from({ length: 6_000 }, (_, index) => generationQuestion(500_000 + index)),
    );
    await eventually(async () => {
      const evictions = await metric(node, "kvring_node_evictions_total");
      return evictions > 0 ? undefined : "it is not full";
    });
    const used = await metric(node, "kvring_node_used_bytes");
    expect.soft(used).toBeLessThanOrEqual(await metric(node, "kvring_node_capacity_bytes"));
    await pause(2_000);
    await cluster.removeNode(node);
  });
  expectHonest(found);
  expectNothingFailed(found);
});
