import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseMs } from "../harness/cluster.ts";
import { leaderOf } from "../harness/nats.ts";
import { Laboratory } from "../laboratory.ts";
import {
  expectComputedOnce,
  expectHonest,
  expectNothingFailed,
  expectPromised,
  margin,
} from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

test("kill −9 of the NATS leader: hits go on, misses and invalidations are late", async () => {
  const leader = await leaderOf(lab.cluster, "KVRING_CTL");
  if (leader === undefined) throw new Error("the control log has no leader");
  const found = await lab.experiment("kill −9 of the NATS leader", async ({ begin }) => {
    begin();
    await leader.kill();
    await pause(1.5 * leaseMs);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expect.soft(found.hitDips, "hits go on").toBe(0);
  const usualMs = Math.max(20, found.before.hitP99Ms);
  expect.soft(found.during.hitP99Ms).toBeLessThanOrEqual(margin * usualMs + found.lagMs);
  expect.soft(found.p99RecoveryMs, "misses").toBeLessThanOrEqual(1.2 * leaseMs);
  // Asked for while there is no leader, and longer than it takes to have one.
  expectPromised(found.invalidations, 2 * leaseMs);
});

test("one NATS server less, which leads no stream: hits go on, misses are late at most", async () => {
  const leaders = [
    await leaderOf(lab.cluster, "KVRING_CTL"),
    await leaderOf(lab.cluster, "KVRING_JOBS"),
  ];
  const follower = lab.cluster.nats.find((server) => !leaders.includes(server));
  if (follower === undefined) throw new Error("one of three servers leads neither stream");
  const found = await lab.experiment("kill −9 of a NATS follower", async ({ begin }) => {
    begin();
    await follower.kill();
    await pause(1.5 * leaseMs);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expect.soft(found.hitDips, "hits go on").toBe(0);
  // It may have led the cluster itself or a model's jobs, and then NATS elects another.
  expect.soft(found.p99RecoveryMs, "misses").toBeLessThanOrEqual(1.2 * leaseMs);
});

test("a gateway without NATS answers from memory until its lease ends", async () => {
  const [gateway] = lab.cluster.gateways;
  if (gateway === undefined) throw new Error("there are two gateways");
  const peers = lab.cluster.nats.map(({ address }) => address);
  const { faults } = lab.cluster;
  const found = await lab.experiment(
    "a gateway without NATS, shorter than D",
    async ({ begin, healed }) => {
      begin();
      await faults.partition(gateway, peers);
      await pause(leaseMs / 2);
      expect.soft(await faults.packetsHit(gateway)).toBeGreaterThan(0);
      await faults.heal(gateway);
      healed();
      await pause(6_000);
    },
  );
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expect.soft(found.hitDips, "hits go on").toBe(0);
});
