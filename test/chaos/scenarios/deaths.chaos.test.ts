import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseMs } from "../harness/cluster.ts";
import type { Container } from "../harness/container.ts";
import { Laboratory } from "../laboratory.ts";
import { burnQuestion } from "../load/question.ts";
import {
  expectComputedOnce,
  expectHonest,
  expectNothingFailed,
  expectPromised,
  expectRecovery,
  margin,
  promptMs,
} from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

test("kill −9 of a node: nothing fails, and nothing is computed again", async () => {
  const found = await lab.experiment("kill −9 of a node, R = 2", async ({ begin }) => {
    begin();
    await lab.cluster.nodes[0]?.kill();
    await pause(6_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
  expectRecovery(found);
});

test("kill −9 of a worker in the middle of its work: the other one does it", async () => {
  const jobs = 20;
  const found = await lab.experiment("kill −9 of a worker at work", async ({ begin }) => {
    const answers = Promise.all(
      Array.from({ length: jobs }, (_, index) => lab.load.ask(burnQuestion(index))),
    );
    // A job takes tens of milliseconds: this one is in the middle of its second or third.
    await pause(150);
    begin();
    await lab.cluster.workers[0]?.kill();
    for (const { outcome } of await answers) expect(outcome).toMatchObject({ kind: "answered" });
    await pause(4_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectComputedOnce(found, 1);
});

test("a rolling restart of everything: nothing fails", async () => {
  const restart = async (container: Container): Promise<void> => {
    const exitCode = await container.stop();
    // A NATS server exits 1 after SIGTERM.
    if (!lab.cluster.nats.includes(container)) {
      expect.soft(exitCode, `${container.name} says how its drain ended`).toBe(0);
    }
    await container.start();
    await lab.cluster.ready();
    await lab.reachable();
  };
  const found = await lab.experiment("rolling restart of everything", async ({ begin }) => {
    begin();
    const { nodes, workers, gateways, nats } = lab.cluster;
    for (const container of [...workers, ...nodes, ...gateways, ...nats]) await restart(container);
    await pause(2_000);
  });
  expectHonest(found);
  expectNothingFailed(found);
  // A node that restarts is given what it owns before it answers for it.
  expectComputedOnce(found, 1);
});

test("kill −9 of a gateway: only what it was answering fails", async () => {
  const [victim] = lab.cluster.gateways;
  if (victim === undefined) throw new Error("there are two gateways");
  let deadMs = Number.NaN;
  const found = await lab.experiment("kill −9 of a gateway", async ({ begin }) => {
    begin();
    await victim.kill();
    deadMs = performance.now();
    // Out of the roster after two leases of silence, and one to be certain.
    await pause(3 * leaseMs + 5_000);
  });
  expectHonest(found);
  for (const { gateway, startMs } of found.failed) {
    expect.soft(gateway).toBe(victim.name);
    expect.soft(startMs, "what is asked later goes to the other gateway").toBeLessThan(deadMs);
  }
  expect.soft(found.skipped).toBe(0);
  expectComputedOnce(found, 1);
  const after = found.invalidations.filter(({ startMs }) => startMs > deadMs);
  expectPromised(after, 1.1 * leaseMs * margin);
  expectPromised(after.slice(-1), promptMs + found.lagMs);
});
