import { describe, expect, test } from "vitest";
import type { Bus } from "../ports.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, eventually, Listener } from "./support.ts";

export function describePurge(world: BusWorld): void {
  describe("control log, purged", () => {
    test("is read by latecomers from its first record on, in the same life", async () => {
      const { one, two } = await world.pair();
      const places = await appended(one, 5);
      const third = places[2] ?? 0;
      const { epoch } = await one.log.tail();
      await one.log.purge({ epoch, sequence: third });
      const late = new Listener();
      const reader = two.log.read(late);
      await reader.reached(places[4] ?? 0, 5_000);
      expect(late.epochs).toEqual([epoch]);
      expect(late.befores).toEqual([third]);
      expect(late.lines.slice(0, 2)).toEqual([`${third + 1} inv 3`, `${third + 2} inv 4`]);
      const next = await two.log.append({ subject: "inv", body: bytes("next") });
      expect(next.epoch).toBe(epoch);
      await reader.reached(next.sequence, 5_000);
      expect(late.sequences).toEqual(late.sequences.map((_, index) => third + 1 + index));
    });

    test("goes on for those who had read it, from where they are", async () => {
      const { one, two } = await world.pair();
      const listener = new Listener();
      const reader = two.log.read(listener);
      const places = await appended(one, 3);
      await reader.reached(places[2] ?? 0, 5_000);
      const { epoch, sequence } = await one.log.tail();
      await one.log.purge({ epoch, sequence });
      const next = await one.log.append({ subject: "inv", body: bytes("next") });
      await reader.reached(next.sequence, 5_000);
      expect(listener.epochs).toEqual([epoch]);
      expect(listener.lines.at(-1)).toBe(`${next.sequence} inv next`);
      expect((await one.log.tail()).epoch).toBe(epoch);
    });

    test("forgets what was last under a subject", async () => {
      const { one } = await world.pair();
      const first = await one.log.append({ subject: "hb.gw-1", body: bytes("a"), expectedLast: 0 });
      await one.log.append({ subject: "hb.gw-2", body: bytes("b") });
      await one.log.purge(first);
      const stale = { subject: "hb.gw-1", body: bytes("c"), expectedLast: first.sequence };
      await expect(one.log.append(stale)).rejects.toMatchObject({ reason: "BUS_CONFLICT" });
      await one.log.append({ ...stale, expectedLast: 0 });
    });

    test("twice, and by two at once, is purged", async () => {
      const { one, two } = await world.pair();
      const places = await appended(one, 4);
      const { epoch } = await one.log.tail();
      const at = (index: number) => ({ epoch, sequence: places[index] ?? 0 });
      await Promise.all([one.log.purge(at(1)), two.log.purge(at(1))]);
      await one.log.purge(at(2));
      await two.log.purge(at(1));
      const late = new Listener();
      two.log.read(late);
      await eventually(() => expect(late.lines).toContain(`${places[3]} inv 3`));
      expect(late.epochs).toEqual([epoch]);
      expect(late.befores).toEqual([places[2]]);
    });

    test("of another life, or beyond its end, is refused", async () => {
      const { one } = await world.pair();
      await appended(one, 2);
      const { epoch, sequence } = await one.log.tail();
      const conflict = { reason: "BUS_CONFLICT" };
      const other = { epoch: epoch + 1, sequence };
      await expect(one.log.purge(other)).rejects.toMatchObject(conflict);
      const beyond = { epoch, sequence: sequence + 1 };
      await expect(one.log.purge(beyond)).rejects.toMatchObject(conflict);
      const late = new Listener();
      await one.log.read(late).reached(sequence, 5_000);
      expect(late.befores).toEqual([0]);
    });

    test("has room again", async () => {
      const { one } = await world.pair({ logBytes: 64 * 1024 });
      const body = new Uint8Array(10 * 1024);
      const append = () => one.log.append({ subject: "inv", body });
      const places: number[] = [];
      await expect(
        (async () => {
          for (;;) places.push((await append()).sequence);
        })(),
      ).rejects.toMatchObject({ reason: "QUEUE_FULL" });
      const { epoch } = await one.log.tail();
      await one.log.purge({ epoch, sequence: places[2] ?? 0 });
      await append();
    });
  });
}

async function appended(bus: Bus, count: number): Promise<number[]> {
  const places: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const place = await bus.log.append({ subject: "inv", body: bytes(`${index}`) });
    places.push(place.sequence);
  }
  return places;
}
