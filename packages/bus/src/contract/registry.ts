import { describe, expect, test } from "vitest";
import type { RegistryChange } from "../ports.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, eventually, text } from "./support.ts";

const conflict = { reason: "BUS_CONFLICT" };

function line(change: RegistryChange): string {
  return change.kind === "set" ? `${change.key}=${text(change.entry.value)}` : `-${change.key}`;
}

export function describeRegistry(world: BusWorld): void {
  describe("registry", () => {
    test("writes only what is still as expected", async () => {
      const { one, two } = await world.pair();
      const key = "catalog/resnet.v2/1";
      expect(await one.registry.get(key)).toBeUndefined();
      const first = await one.registry.put(key, bytes("a"), 0);
      await expect(two.registry.put(key, bytes("x"), 0)).rejects.toMatchObject(conflict);
      expect(await two.registry.get(key)).toEqual({ value: bytes("a"), revision: first });
      const second = await two.registry.put(key, bytes("b"), first);
      expect(second).toBeGreaterThan(first);
      await expect(one.registry.put(key, bytes("x"), first)).rejects.toMatchObject(conflict);
      expect(await one.registry.get(key)).toEqual({ value: bytes("b"), revision: second });
    });

    test("deletes as it writes, and takes a deleted key as absent", async () => {
      const { one, two } = await world.pair();
      const first = await one.registry.put("ring", bytes("a"), 0);
      await expect(two.registry.delete("ring", first + 1)).rejects.toMatchObject(conflict);
      await expect(two.registry.delete("ring", 0)).rejects.toMatchObject(conflict);
      await two.registry.delete("ring", first);
      expect(await one.registry.get("ring")).toBeUndefined();
      await expect(one.registry.put("ring", bytes("x"), first)).rejects.toMatchObject(conflict);
      const again = await one.registry.put("ring", bytes("b"), 0);
      expect(again).toBeGreaterThan(first);
      expect(await two.registry.get("ring")).toEqual({ value: bytes("b"), revision: again });
      await two.registry.delete("never-there", 0);
    });

    test("lets one of many concurrent writers through", async () => {
      const { one, two } = await world.pair();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? one : two).registry.put("ring", bytes(`${index}`), 0),
        ),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    test("shows a watcher what is there, and then every change under its prefix", async () => {
      const { one, two } = await world.pair();
      const first = await one.registry.put("catalog/a/1", bytes("a1"), 0);
      await one.registry.put("catalog/b..c/1", bytes("b1"), 0);
      await one.registry.put("ring", bytes("r"), 0);
      const gone = await one.registry.put("catalog/gone/1", bytes("x"), 0);
      await one.registry.delete("catalog/gone/1", gone);
      const seen: string[] = [];
      const watch = await two.registry.watch("catalog/", (change) => seen.push(line(change)));
      expect(seen.toSorted()).toEqual(["catalog/a/1=a1", "catalog/b..c/1=b1"]);
      const second = await one.registry.put("catalog/a/1", bytes("a2"), first);
      await one.registry.put("ring2", bytes("r"), 0);
      await one.registry.put("catalog/d/1", bytes("d1"), 0);
      await one.registry.delete("catalog/a/1", second);
      const changes = ["catalog/a/1=a2", "catalog/d/1=d1", "-catalog/a/1"];
      await eventually(() => expect(seen.slice(2)).toEqual(changes));
      await watch.stop();
      const other: string[] = [];
      await two.registry.watch("", (change) => other.push(line(change)));
      await one.registry.put("catalog/e/1", bytes("e1"), 0);
      await eventually(() => expect(other).toContain("catalog/e/1=e1"));
      expect(seen).toHaveLength(5);
    });

    test("is ready at once when there is nothing", async () => {
      const { one } = await world.pair();
      const seen: string[] = [];
      await one.registry.watch("catalog/", (change) => seen.push(line(change)));
      expect(seen).toEqual([]);
    });

    test("gives and takes copies", async () => {
      const { one, two } = await world.pair();
      const value = bytes("original");
      const written = one.registry.put("ring", value, 0);
      value.fill(0);
      await written;
      (await one.registry.get("ring"))?.value.fill(0);
      await one.registry.watch("", (change) => {
        if (change.kind === "set") change.entry.value.fill(0);
      });
      expect(text((await two.registry.get("ring"))?.value ?? bytes(""))).toBe("original");
    });
  });
}
