import type { MissQueue } from "@kvring/bus";
import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { ModelConsumer } from "./model-consumer.ts";

type Consumer = Parameters<MissQueue["consume"]>[0];

async function consuming(jobMs: () => number) {
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
  const consumer = await ModelConsumer.start(queue as MissQueue, clock, {
    digest: "ab".repeat(32),
    slots: 2,
    handle: async () => clock.advance(jobMs()),
  });
  const work = async (jobs: number): Promise<void> => {
    for (let job = 0; job < jobs; job += 1) {
      const [first] = active;
      await first?.handle({ body: new Uint8Array(0), deliveries: 1 });
    }
  };
  return { active, consumer, work };
}

test("a slow model has as many jobs in hand as sessions", async () => {
  const { active, work } = await consuming(() => 100);
  await work(50);
  expect([...active].map(({ slots }) => slots)).toEqual([2]);
});

test("a fast model has a second set on the way, until it is slow again", async () => {
  let ms = 3;
  const { active, work } = await consuming(() => ms);
  await work(2);
  expect([...active].map(({ slots }) => slots)).toEqual([2, 2]);
  ms = 200;
  await work(30);
  expect([...active].map(({ slots }) => slots)).toEqual([2]);
});

test("stopping stops both", async () => {
  const { active, consumer, work } = await consuming(() => 3);
  await work(2);
  await consumer.stop();
  expect(active.size).toBe(0);
});
