import { describe, expect, test } from "vitest";
import type { Bus } from "../ports.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, digest, eventually, Gate, text } from "./support.ts";

const model = digest("aa");

function publish(bus: Bus, body: string, options: { digest?: string; messageId?: string } = {}) {
  const { digest = model, messageId = `id of ${body}` } = options;
  return bus.queue.publish({ digest, messageId, body: bytes(body), timeoutMs: 5_000 });
}

export function describeQueue(world: BusWorld): void {
  describe("miss queue", () => {
    test("gives each job to one consumer of its model, once", async () => {
      const { one, two } = await world.pair();
      const seen: string[] = [];
      const taking = (who: string, bus: Bus, of: string) =>
        bus.queue.consume({
          digest: of,
          slots: 2,
          async handle({ body, deliveries }) {
            seen.push(`${who} ${text(body)} ${deliveries}`);
          },
        });
      await publish(one, "before");
      await taking("a", one, model);
      await taking("a", two, model);
      await taking("b", two, digest("bb"));
      for (let index = 0; index < 20; index++)
        await publish(index % 2 === 0 ? one : two, `${index}`);
      await publish(one, "other", { digest: digest("bb") });
      const all = [...Array(20).keys()].map((index) => `a ${index} 1`);
      const expected = ["a before 1", "b other 1", ...all].toSorted();
      await eventually(() => expect(seen.toSorted()).toEqual(expected));
      await eventually(async () => expect(await two.queue.depth()).toBe(0));
    });

    test("takes a message id once", async () => {
      const { one, two } = await world.pair();
      await publish(one, "a", { messageId: "m" });
      await publish(two, "a", { messageId: "m" });
      expect(await one.queue.depth()).toBe(1);
    });

    test("gives no more jobs at a time than there are slots", async () => {
      const { one } = await world.pair();
      const gate = new Gate();
      let running = 0;
      let most = 0;
      for (let index = 0; index < 6; index++) await publish(one, `${index}`);
      await one.queue.consume({
        digest: model,
        slots: 2,
        async handle() {
          running += 1;
          most = Math.max(most, running);
          await gate.pass();
          running -= 1;
        },
      });
      for (let done = 0; done < 6; done++) {
        await eventually(() => expect(gate.arrivals).toBe(Math.min(6, done + 2)));
        expect(await one.queue.depth()).toBe(6 - done);
        gate.open();
        await eventually(async () => expect(await one.queue.depth()).toBe(5 - done));
      }
      expect(most).toBe(2);
    });

    test("gives a rejected job again at once, five times in all", async () => {
      const { one, two } = await world.pair();
      const seen: string[] = [];
      const reject = async ({ body, deliveries }: { body: Uint8Array; deliveries: number }) => {
        seen.push(`${text(body)} ${deliveries}`);
        body.fill(0);
        throw new Error("no");
      };
      await one.queue.consume({ digest: model, slots: 1, handle: reject });
      await two.queue.consume({ digest: model, slots: 1, handle: reject });
      await publish(one, "bad");
      const all = (body: string) => [1, 2, 3, 4, 5].map((count) => `${body} ${count}`);
      await eventually(() => expect(seen).toEqual(all("bad")));
      await eventually(async () => expect(await one.queue.depth()).toBe(0));
      await publish(one, "next");
      await eventually(() => expect(seen.slice(5)).toEqual(all("next")));
    });

    test("is done with a job whose handler succeeds after a rejection", async () => {
      const { one } = await world.pair();
      const seen: number[] = [];
      await one.queue.consume({
        digest: model,
        slots: 1,
        async handle({ deliveries }) {
          seen.push(deliveries);
          if (deliveries === 1) throw new Error("not yet");
        },
      });
      await publish(one, "a");
      await eventually(async () => expect(await one.queue.depth()).toBe(0));
      expect(seen).toEqual([1, 2]);
    });

    test("refuses jobs beyond its number, and takes them again when there is room", async () => {
      const { one, two } = await world.pair({ queueJobs: 3 });
      for (const body of ["a", "b", "c"]) await publish(one, body);
      const full = { reason: "QUEUE_FULL", code: "RESOURCE_EXHAUSTED" };
      await expect(publish(two, "d")).rejects.toMatchObject(full);
      await expect(publish(one, "d")).rejects.toThrow(/add workers, or send less/);
      expect(await one.queue.depth()).toBe(3);
      const consumer = await one.queue.consume({ digest: model, slots: 1, async handle() {} });
      await eventually(async () => expect(await one.queue.depth()).toBe(0));
      await consumer.stop();
      await publish(one, "d");
      expect(await one.queue.depth()).toBe(1);
    });

    test("refuses jobs beyond its bytes", async () => {
      const { one } = await world.pair({ queueBytes: 64 * 1024 });
      await publish(one, "x".repeat(40 * 1024), { messageId: "1" });
      await expect(publish(one, "x".repeat(40 * 1024), { messageId: "2" })).rejects.toMatchObject({
        reason: "QUEUE_FULL",
      });
      await publish(one, "small");
      expect(await one.queue.depth()).toBe(2);
    });

    test("stops a consumer when its handlers have ended; the next one gets what is left", async () => {
      const { one, two } = await world.pair();
      const gate = new Gate();
      const first = await one.queue.consume({ digest: model, slots: 1, handle: () => gate.pass() });
      await publish(one, "a");
      await publish(one, "b");
      await eventually(() => expect(gate.arrivals).toBe(1));
      let stopped = false;
      const stopping = first.stop().then(() => {
        stopped = true;
      });
      const seen: string[] = [];
      await two.queue.consume({
        digest: model,
        slots: 1,
        handle: async ({ body, deliveries }) => void seen.push(`${text(body)} ${deliveries}`),
      });
      await eventually(() => expect(seen).toEqual(["b 1"]));
      expect(stopped).toBe(false);
      gate.open();
      await stopping;
      await eventually(async () => expect(await one.queue.depth()).toBe(0));
      expect(gate.arrivals).toBe(1);
    });
  });
}
