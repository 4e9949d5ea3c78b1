import { describe, expect, test } from "vitest";
import { decodeEpoch } from "../epoch-record.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, eventually, Listener, text } from "./support.ts";

export function describeLog(world: BusWorld): void {
  describe("control log", () => {
    test("begins with its epoch, and gives places one after another", async () => {
      const { one, two } = await world.pair();
      const tail = await one.log.tail();
      expect(tail.epoch).toBeGreaterThan(0);
      expect(tail.sequence).toBe(1);
      const first = await one.log.append({ subject: "inv", body: bytes("a") });
      const second = await two.log.append({ subject: "hb.gw-1", body: bytes("b") });
      expect([first, second]).toEqual([
        { epoch: tail.epoch, sequence: 2 },
        { epoch: tail.epoch, sequence: 3 },
      ]);
      expect(await two.log.tail()).toEqual(second);
    });

    test("is read from its beginning without a gap, by latecomers too", async () => {
      const { one, two } = await world.pair();
      for (const body of ["a", "b", "c"])
        await one.log.append({ subject: "inv", body: bytes(body) });
      const early = new Listener();
      const late = new Listener();
      const reader = one.log.read(early);
      await reader.reached(4, 5_000);
      await two.log.append({ subject: "hb.gw-1", body: bytes("d") });
      const follower = two.log.read(late);
      await one.log.append({ subject: "inv", body: bytes("e") });
      await Promise.all([reader.reached(6, 5_000), follower.reached(6, 5_000)]);
      for (const { epochs, records, sequences, lines } of [early, late]) {
        expect(epochs).toEqual([reader.position.epoch]);
        expect(sequences).toEqual([1, 2, 3, 4, 5, 6]);
        expect(records[0]?.subject).toBe("epoch");
        expect(decodeEpoch(records[0]?.body ?? new Uint8Array())).toBe(epochs[0]);
        expect(lines).toEqual(["2 inv a", "3 inv b", "4 inv c", "5 hb.gw-1 d", "6 inv e"]);
      }
      expect(reader.position).toEqual(follower.position);
    });

    test("calls nobody from inside a call", async () => {
      const { one } = await world.pair();
      const listener = new Listener();
      const reader = one.log.read(listener);
      expect(listener.epochs).toEqual([]);
      await reader.reached(1, 5_000);
      const appended = one.log.append({ subject: "inv", body: bytes("a") });
      expect(listener.sequences).toEqual([1]);
      await appended;
      await reader.reached(2, 5_000);
      expect(listener.sequences).toEqual([1, 2]);
    });

    test("takes a message id once, whatever is expected the second time", async () => {
      const { one, two } = await world.pair();
      const record = { subject: "hb.gw-1", body: bytes("a"), messageId: "m1", expectedLast: 0 };
      const place = await one.log.append(record);
      await one.log.append({ subject: "inv", body: bytes("b") });
      expect(await two.log.append(record)).toEqual(place);
      expect((await one.log.tail()).sequence).toBe(place.sequence + 1);
    });

    test("appends nothing when the last record under a subject is another", async () => {
      const { one, two } = await world.pair();
      const append = (body: string, expectedLast: number) =>
        two.log.append({ subject: "hb.gw-1", body: bytes(body), expectedLast });
      const conflict = { reason: "BUS_CONFLICT" };
      await expect(append("x", 1)).rejects.toMatchObject(conflict);
      const first = await append("a", 0);
      await one.log.append({ subject: "hb.gw-2", body: bytes("b") });
      await expect(append("x", 0)).rejects.toMatchObject(conflict);
      await expect(append("x", first.sequence + 1)).rejects.toMatchObject(conflict);
      const second = await append("c", first.sequence);
      expect(await one.log.tail()).toEqual(second);
      expect(second.sequence).toBe(first.sequence + 2);
    });

    test("lets one of many concurrent writers meet an expectation", async () => {
      const { one, two } = await world.pair();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? one : two).log.append({
            subject: "ring",
            body: bytes(`writer ${index}`),
            expectedLast: 0,
          }),
        ),
      );
      const won = outcomes.filter(({ status }) => status === "fulfilled");
      const lost = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(won).toHaveLength(1);
      for (const { reason } of lost) expect(reason).toMatchObject({ reason: "BUS_CONFLICT" });
      expect((await one.log.tail()).sequence).toBe(2);
    });

    test("gives two concurrent appenders one order that all readers see", async () => {
      const { one, two } = await world.pair();
      const listeners = [new Listener(), new Listener()];
      const readers = [one, two].map((bus, index) => bus.log.read(listeners[index] as Listener));
      const appended = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          (index % 2 === 0 ? one : two).log
            .append({ subject: "inv", body: bytes(`${index}`) })
            .then(({ sequence }) => `${sequence} inv ${index}`),
        ),
      );
      await Promise.all(readers.map((reader) => reader.reached(101, 5_000)));
      const inOrder = appended.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
      for (const { lines, sequences } of listeners) {
        expect(lines).toEqual(inOrder);
        expect(sequences).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
      }
    });

    test("gives and takes copies", async () => {
      const { one, two } = await world.pair();
      const body = bytes("original");
      const appended = one.log.append({ subject: "inv", body });
      body.fill(0);
      await appended;
      const reader = one.log.read({
        onEpoch() {},
        onRecord: (record) => record.body.fill(0),
      });
      await reader.reached(2, 5_000);
      const listener = new Listener();
      await two.log.read(listener).reached(2, 5_000);
      expect(listener.lines).toEqual(["2 inv original"]);
    });

    test("tells who waits too long, and who waits for a stopped reader", async () => {
      const { one } = await world.pair();
      const reader = one.log.read(new Listener());
      await reader.reached(1, 5_000);
      const unavailable = { reason: "BUS_UNAVAILABLE" };
      await expect(reader.reached(2, 1)).rejects.toMatchObject(unavailable);
      const waiting = reader.reached(2, 60_000);
      await reader.stop();
      await expect(waiting).rejects.toMatchObject(unavailable);
    });

    test("says nothing more to a reader that was stopped", async () => {
      const { one } = await world.pair();
      const [stopped, other] = [new Listener(), new Listener()];
      const reader = one.log.read(stopped);
      await reader.reached(1, 5_000);
      await reader.stop();
      const following = one.log.read(other);
      await one.log.append({ subject: "inv", body: bytes("a") });
      await following.reached(2, 5_000);
      expect(stopped.sequences).toEqual([1]);
    });

    test("refuses records when it is full, and keeps what it has", async () => {
      const { one } = await world.pair({ logBytes: 64 * 1024 });
      const body = new Uint8Array(10 * 1024).fill(97);
      const listener = new Listener();
      const reader = one.log.read(listener);
      let accepted = 0;
      await expect(
        (async () => {
          for (; accepted < 10; accepted++) await one.log.append({ subject: "inv", body });
        })(),
      ).rejects.toMatchObject({ reason: "QUEUE_FULL", code: "RESOURCE_EXHAUSTED" });
      expect(accepted).toBeGreaterThan(3);
      await reader.reached(1 + accepted, 5_000);
      await eventually(() => expect(listener.records).toHaveLength(1 + accepted));
      expect(text(listener.records.at(-1)?.body ?? new Uint8Array())).toMatch(/^a+$/);
    });
  });
}
