import { setTimeout as pause } from "node:timers/promises";
import type { Scope } from "@kvring/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseMs } from "../harness/cluster.ts";
import type { Container } from "../harness/container.ts";
import { durationsOf, quantile } from "../history/recovery.ts";
import { Laboratory } from "../laboratory.ts";
import type { GatewayTarget } from "../load/gateway-target.ts";
import { generationModel } from "../load/generation-worker.ts";
import { volatileTag } from "../load/mix.ts";
import {
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

const volatile: Scope = { kind: "tag", tenant: "", tag: volatileTag };
/** Two leases until it is put out of the roster, one to be certain, and some to see it. */
const evictionMs = 3 * leaseMs + 5_000;

function targets(): readonly [GatewayTarget, GatewayTarget] {
  const [first, second] = lab.targets;
  if (first === undefined || second === undefined) throw new Error("there are two gateways");
  return [first, second];
}

test("the clients would see a stale answer", async () => {
  const [first, second] = targets();
  const [question] = lab.mix.volatile;
  if (question === undefined) throw new Error("something is volatile");
  const generationAt = async (target: GatewayTarget): Promise<number | undefined> => {
    const { outcome } = await lab.load.askAt(target, question);
    return outcome.kind === "answered" ? outcome.generation : undefined;
  };
  const old = await generationAt(first);
  lab.source.change();
  expect(await generationAt(first), "nobody said that it is old").toBe(old);
  const { generation, okMs } = await lab.invalidator.invalidate(second, volatile);
  expect(okMs).toBeDefined();
  expect(await generationAt(first)).toBe(generation);
});

test("many invalidations with nothing broken: prompt, and nothing old is given", async () => {
  const rounds = 100;
  const found = await lab.experiment("nothing, and 100 invalidations", async ({ begin }) => {
    begin();
    for (let round = 0; round < rounds; round += 1) {
      const target = targets()[round % 2 === 0 ? 0 : 1];
      await lab.invalidator.invalidate(target, volatile);
      await pause(50);
    }
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectPromised(found.invalidations, Number.POSITIVE_INFINITY);
  const p99Ms = quantile(durationsOf(found.invalidations), 0.99);
  expect.soft(p99Ms).toBeLessThanOrEqual(promptMs + found.lagMs);
});

test("everything of a model, and everything, again and again", async () => {
  const found = await lab.experiment("nothing, and everything invalidated", async ({ begin }) => {
    begin();
    const [first, second] = targets();
    for (let round = 0; round < 5; round += 1) {
      await lab.invalidator.invalidate(first, { kind: "model", model: generationModel });
      await pause(400);
      await lab.invalidator.invalidate(second, { kind: "all" });
      await pause(400);
    }
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectPromised(found.invalidations, Number.POSITIVE_INFINITY);
});

interface Silence {
  readonly name: string;
  begin(gateway: Container, nats: readonly string[]): Promise<void>;
  effect(gateway: Container): Promise<unknown>;
}

const packets = (gateway: Container): Promise<number> => lab.cluster.faults.packetsHit(gateway);

const silences: readonly Silence[] = [
  {
    name: "a gateway that stands still, longer than D",
    begin: (gateway) => gateway.pause(),
    effect: async (gateway) => Number(!(await gateway.isRunning())),
  },
  {
    name: "a gateway without NATS, longer than D",
    begin: (gateway, nats) => lab.cluster.faults.partition(gateway, nats),
    effect: packets,
  },
  {
    name: "a gateway that does not hear NATS, longer than D",
    begin: (gateway, nats) => lab.cluster.faults.deafen(gateway, nats),
    effect: packets,
  },
];

test.each(silences)(
  "$name: invalidations wait for it, and it gives nothing old",
  async (silence) => {
    const { cluster, load, mix } = lab;
    const [gateway] = cluster.gateways;
    const [target] = targets();
    if (gateway === undefined) throw new Error("there are two gateways");
    const nats = cluster.nats.map(({ address }) => address);
    const found = await lab.experiment(silence.name, async ({ begin, healed }) => {
      // So that it has something old to give.
      await load.warm(target, mix.volatile);
      begin();
      await silence.begin(gateway, nats);
      await pause(evictionMs);
      expect.soft(await silence.effect(gateway), "the fault was felt").toBeGreaterThan(0);
      healed();
      // What it is asked first when it wakes was invalidated many times while it was away.
      const woken = load.warm(target, mix.volatile);
      await cluster.heal();
      await woken;
      await pause(3_000);
    });
    expectHonest(found);
    // Its own requests wait, or are refused when its lease is over; the other's are answered.
    expect.soft(found.failed.filter((request) => request.gateway !== gateway.name)).toEqual([]);
    const meanwhile = found.invalidations.filter(
      (asked) =>
        asked.gateway !== gateway.name &&
        asked.startMs > found.faultMs &&
        asked.endMs < (found.healedMs ?? found.untilMs),
    );
    expectPromised(meanwhile, 1.1 * leaseMs * margin);
    expectPromised(meanwhile.slice(-1), promptMs + found.lagMs);
    // It comes back under a new name.
    expectRecovery(found, leaseMs);
  },
);
