import type { MissQueue } from "@kvring/bus";
import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { ModelConsumer } from "./model-consumer.ts";

type Consumer = Parameters<MissQueue["consume"]>[0];

/** A worker with two sessions and a queue that always, or never, has more. */
async function consuming(settings: { appetite: number; jobMs: number }) {
  const clock = new ManualClock();
  const active = new Set<Consumer>();
  const queue: Pick<MissQueue, "consume"> = {
    async consume(consumer) {
      active.add(consumer);
      return {
        async stop() {
          active.delete(consumer);
        },
      };
    },
  };
  const ends: (() => void)[] = [];
  const consumer = await ModelConsumer.start(queue as MissQueue, clock, {
    digest: "ab".repeat(32),
    slots: 2,
    handle: () => new Promise<void>((resolve) => ends.push(resolve)),
    appetite: () => settings.appetite,
  });
  const places = (): number => [...active].reduce((sum, { slots }) => sum + slots, 0);
  /** All places, or one, are given jobs, which end together. */
  const work = async (rounds: number, how: "full" | "one" = "full"): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const jobs = [...active].flatMap(({ slots, handle }) => Array(slots).fill(handle));
      const given = (how === "full" ? jobs : jobs.slice(0, 1)) as Consumer["handle"][];
      const done = given.map((handle) => handle({ body: new Uint8Array(0), deliveries: 1 }));
      clock.advance(settings.jobMs);
      for (const end of ends.splice(0)) end();
      await Promise.all(done);
    }
  };
  return { active, consumer, places, work };
}

test("a slow model has as many jobs in hand as sessions", async () => {
  const { places, work } = await consuming({ appetite: 2, jobMs: 100 });
  await work(50);
  expect(places()).toBe(2);
});

test("a fast model has a second set on the way, until it is slow again", async () => {
  const settings = { appetite: 2, jobMs: 3 };
  const { places, work } = await consuming(settings);
  await work(3);
  expect(places()).toBe(4);
  settings.jobMs = 400;
  await work(30);
  expect(places()).toBe(2);
});

test("a fast model that is asked one at a time has no second set", async () => {
  const { places, work } = await consuming({ appetite: 2, jobMs: 3 });
  await work(50, "one");
  expect(places()).toBe(2);
});

test("of a model that batches, jobs are in hand for a batch, as long as so many come", async () => {
  const { places, work } = await consuming({ appetite: 20, jobMs: 100 });
  await work(30);
  expect(places()).toBe(20);
  await work(500, "one");
  expect(places()).toBe(2);
});

test("when batches become smaller, fewer jobs are in hand", async () => {
  const settings = { appetite: 20, jobMs: 100 };
  const { places, work } = await consuming(settings);
  await work(30);
  settings.appetite = 2;
  await work(10);
  expect(places()).toBe(2);
});

test("stopping stops all of it", async () => {
  const { active, consumer, work } = await consuming({ appetite: 20, jobMs: 3 });
  await work(10);
  await consumer.stop();
  expect(active.size).toBe(0);
});
