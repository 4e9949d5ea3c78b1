import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseMs } from "../harness/cluster.ts";
import type { Container } from "../harness/container.ts";
import { durationsOf, quantile } from "../history/recovery.ts";
import { Laboratory } from "../laboratory.ts";
import { generationModel } from "../load/generation-worker.ts";
import type { Finding } from "../results.ts";
import { expectHonest, expectNothingFailed, margin } from "./expectations.ts";

let lab: Laboratory;

beforeAll(async () => {
  lab = await Laboratory.open();
});

afterAll(async () => {
  await lab?.close();
});

const aliveMs = 20 * margin;
const deadMs = 1.1 * leaseMs * margin;
/** Two leases until it is put out of the roster, one to be certain, and some to see it. */
const evictionMs = 3 * leaseMs + 3_000;

test("invalidations of a tag, a model and everything, with nothing broken", async () => {
  const found = await lab.experiment("nothing, but many invalidations", async ({ begin }) => {
    begin();
    for (let round = 0; round < 10; round += 1) {
      await lab.invalidator.invalidate({ kind: "model", model: generationModel });
      await pause(200);
      await lab.invalidator.invalidate({ kind: "all" });
      await pause(200);
    }
  });
  expectHonest(found);
  expectNothingFailed(found);
  expectPromised(found);
  const durations = durationsOf(found.invalidations);
  expect.soft(quantile(durations, 0.99)).toBeLessThanOrEqual(aliveMs);
});

const silences: readonly (readonly [
  name: string,
  silence: (gateway: Container, nats: readonly string[]) => Promise<void>,
])[] = [
  ["a gateway that stands still, longer than D", (gateway) => gateway.pause()],
  [
    "a gateway cut off from NATS, longer than D",
    (gateway, nats) => lab.cluster.faults.partition(gateway, nats),
  ],
  [
    "a gateway that does not hear NATS, longer than D",
    (gateway, nats) => lab.cluster.faults.deafen(gateway, nats),
  ],
];

test.each(silences)(
  "%s: invalidations wait for its lease, and it gives nothing old",
  async (name, silence) => {
    const [gateway] = lab.cluster.gateways;
    if (gateway === undefined) throw new Error("there are two gateways");
    const nats = lab.cluster.nats.map(({ address }) => address);
    let healedMs = Number.NaN;
    const found = await lab.experiment(name, async ({ begin }) => {
      begin();
      await silence(gateway, nats);
      await pause(evictionMs);
      healedMs = performance.now();
      await lab.cluster.heal();
      await pause(4_000);
    });
    expectHonest(found);
    // Its own requests wait, or are refused when its lease is over; the other's are answered.
    const others = found.failed.filter((request) => request.gateway !== gateway.name);
    expect.soft(others).toEqual([]);
    const asked = found.invalidations.filter(({ startMs }) => startMs > found.faultMs);
    const meanwhile = asked.filter(({ endMs }) => endMs < healedMs);
    expect.soft(Math.max(...durationsOf(meanwhile))).toBeLessThanOrEqual(deadMs);
    const last = meanwhile.at(-1);
    expect
      .soft((last?.endMs ?? 0) - (last?.startMs ?? 0), "once it is out of the roster")
      .toBeLessThanOrEqual(aliveMs);
  },
);

function expectPromised(found: Finding): void {
  expect.soft(found.invalidations.filter(({ okMs }) => okMs === undefined)).toEqual([]);
}
