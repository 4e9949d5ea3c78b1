import { describe, expect, test } from "vitest";
import type { BusWorld } from "./bus.ts";
import { bytes, eventually, text } from "./support.ts";

/** Remembers the whole set each time it is told. */
class Roll {
  readonly sets: string[][] = [];

  readonly onChange = (members: ReadonlyMap<string, Uint8Array>): void => {
    this.sets.push([...members].map(([id, record]) => `${id}=${text(record)}`).toSorted());
  };

  get last(): string[] | undefined {
    return this.sets.at(-1);
  }
}

export function describePresence(world: BusWorld): void {
  describe("presence", () => {
    test("shows who comes, changes and goes", async () => {
      const { one, two } = await world.pair();
      const roll = new Roll();
      await two.presence.watch("node", roll.onChange);
      const a = await one.presence.announce("node", "a.b/c", bytes("1"));
      await eventually(() => expect(roll.last).toEqual(["a.b/c=1"]));
      const b = await two.presence.announce("node", "b", bytes("1"));
      await eventually(() => expect(roll.last).toEqual(["a.b/c=1", "b=1"]));
      await a.update(bytes("2"));
      await eventually(() => expect(roll.last).toEqual(["a.b/c=2", "b=1"]));
      await b.stop();
      await eventually(() => expect(roll.last).toEqual(["a.b/c=2"]));
      await a.stop();
      await a.update(bytes("3"));
      await eventually(() => expect(roll.last).toEqual([]));
    });

    test("shows a new watcher everybody at once, and each kind apart", async () => {
      const { one, two } = await world.pair();
      for (const id of ["a", "b", "c"]) await one.presence.announce("worker", id, bytes(id));
      await one.presence.announce("gateway", "g", bytes("g"));
      const workers = new Roll();
      const nodes = new Roll();
      await two.presence.watch("node", nodes.onChange);
      await two.presence.watch("worker", workers.onChange);
      await eventually(() => expect(workers.last).toEqual(["a=a", "b=b", "c=c"]));
      expect(nodes.sets).toEqual([]);
    });

    test("says nothing more to a watcher that was stopped", async () => {
      const { one, two } = await world.pair();
      const [stopped, other] = [new Roll(), new Roll()];
      const watch = await two.presence.watch("node", stopped.onChange);
      await two.presence.watch("node", other.onChange);
      await watch.stop();
      await one.presence.announce("node", "a", bytes("1"));
      await eventually(() => expect(other.last).toEqual(["a=1"]));
      expect(stopped.sets).toEqual([]);
    });
  });
}
