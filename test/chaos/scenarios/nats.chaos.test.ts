import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseMs } from "../harness/cluster.ts";
import { leaderOf } from "../harness/nats.ts";
import { Laboratory } from "../laboratory.ts";
import {
  expectComputedOnce,
  expectHonest,
  expectNothingFailed,
  expectRecovery,
  margin,
} from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

test("kill −9 of the NATS leader: hits go on, misses are late", async () => {
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
  expect.soft(found.hitRecoveryMs, "hits go on").toBe(0);
  expect
    .soft(found.during.hitP99Ms)
    .toBeLessThanOrEqual(margin * Math.max(20, found.before.hitP99Ms));
  expect.soft(found.p99RecoveryMs, "misses").toBeLessThanOrEqual(1.2 * leaseMs);
});

test("one NATS server less: hardly anybody notices", async () => {
  const leader = await leaderOf(lab.cluster, "KVRING_CTL");
  const jobs = await leaderOf(lab.cluster, "KVRING_JOBS");
  const follower = lab.cluster.nats.find((server) => server !== leader && server !== jobs);
  if (follower === undefined) throw new Error("one of three servers leads neither stream");
  const found = await lab.experiment(
    "one NATS server that leads nothing is gone",
    async ({ begin }) => {
      begin();
      await follower.kill();
      await pause(6_000);
    },
  );
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expectRecovery(found);
});

test("a gateway without NATS answers from memory until its lease ends", async () => {
  const [gateway] = lab.cluster.gateways;
  if (gateway === undefined) throw new Error("there are two gateways");
  const peers = lab.cluster.nats.map(({ address }) => address);
  const found = await lab.experiment(
    "a gateway cut off from NATS, shorter than D",
    async ({ begin }) => {
      begin();
      await lab.cluster.faults.partition(gateway, peers);
      await pause(leaseMs / 2);
      await lab.cluster.faults.heal(gateway);
      await pause(6_000);
    },
  );
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expect.soft(found.hitRecoveryMs, "hits go on").toBe(0);
});
