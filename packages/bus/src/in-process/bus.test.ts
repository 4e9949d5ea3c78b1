import { ManualClock } from "@kvring/core";
import { expect, test } from "vitest";
import { describeBus } from "../contract/bus.ts";
import { bytes, digest, eventually } from "../contract/support.ts";
import { createInProcessBus } from "./bus.ts";

describeBus("in-process", {
  async pair(limits) {
    const bus = createInProcessBus(limits);
    return { one: bus, two: bus };
  },
});

const model = digest("aa");

test("a message id is forgotten after two minutes", async () => {
  const clock = new ManualClock();
  const { log, queue } = createInProcessBus({ clock });
  const body = bytes("a");
  const first = await log.append({ subject: "inv", body, messageId: "m" });
  await queue.publish({ digest: model, messageId: "m", body, timeoutMs: 1 });
  clock.advance(119_999);
  expect(await log.append({ subject: "inv", body, messageId: "m" })).toEqual(first);
  await queue.publish({ digest: model, messageId: "m", body, timeoutMs: 1 });
  expect(await queue.depth()).toBe(1);
  clock.advance(1);
  const second = await log.append({ subject: "inv", body, messageId: "m" });
  expect(second.sequence).toBe(first.sequence + 1);
  await queue.publish({ digest: model, messageId: "m", body, timeoutMs: 1 });
  expect(await queue.depth()).toBe(2);
});

test("a reader that is overtaken by a purge is told so, and goes on behind it", async () => {
  const { log } = createInProcessBus();
  for (let index = 0; index < 1_500; index += 1)
    await log.append({ subject: "inv", body: bytes("a") });
  const { epoch } = await log.tail();
  const befores: number[] = [];
  const sequences: number[] = [];
  const reader = log.read({
    onEpoch: (_, before) => void befores.push(before),
    onRecord({ position }) {
      // While it is busy with its first records.
      if (sequences.length === 0) void log.purge({ epoch, sequence: 1_400 });
      sequences.push(position.sequence);
    },
  });
  await reader.reached(1_501, 5_000);
  expect(befores).toEqual([0, 1_400]);
  expect(sequences.at(-1)).toBe(1_501);
  expect(sequences).not.toContain(1_000);
});

test("jobs that nobody took are dropped by their age, and make room", async () => {
  const clock = new ManualClock();
  const { queue } = createInProcessBus({ clock, queueJobs: 2, jobAgeMs: 1_000 });
  const publish = (messageId: string) =>
    queue.publish({ digest: model, messageId, body: bytes(messageId), timeoutMs: 1 });
  await publish("a");
  clock.advance(500);
  await publish("b");
  await expect(publish("c")).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  clock.advance(500);
  await publish("c");
  expect(await queue.depth()).toBe(2);
  clock.advance(10_000);
  const seen: string[] = [];
  await queue.consume({
    digest: model,
    slots: 1,
    handle: async ({ body }) => void seen.push(Buffer.from(body).toString()),
  });
  await publish("d");
  await eventually(async () => expect(await queue.depth()).toBe(0));
  expect(seen).toEqual(["d"]);
});

test("two buses are two worlds", async () => {
  const [a, b] = [createInProcessBus(), createInProcessBus()];
  await a.registry.put("ring", bytes("a"), 0);
  expect(await b.registry.get("ring")).toBeUndefined();
  expect((await a.log.tail()).epoch).not.toBe((await b.log.tail()).epoch);
});
