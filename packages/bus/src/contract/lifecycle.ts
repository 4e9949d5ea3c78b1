import { describe, expect, test } from "vitest";
import type { BusStatus } from "../ports.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, digest, Listener } from "./support.ts";

export function describeLifecycle(world: BusWorld): void {
  describe("lifecycle", () => {
    test("is connected until it is closed; then everything is unavailable", async () => {
      const { one } = await world.pair();
      expect(one.status).toEqual({ state: "connected" });
      const told: BusStatus[] = [];
      one.onStatus((status) => told.push(status));
      const ignored: BusStatus[] = [];
      await one.onStatus((status) => ignored.push(status)).stop();
      const listener = new Listener();
      const reader = one.log.read(listener);
      await reader.reached(1, 5_000);
      const waiting = reader.reached(2, 60_000).catch((error: unknown) => error);
      await one.courier.serve("here", async (body) => body);
      await one.close();
      await one.close();
      expect(one.status.state).toBe("disconnected");
      expect(told).toEqual([one.status]);
      expect(ignored).toEqual([]);
      const unavailable = { reason: "BUS_UNAVAILABLE" };
      expect(await waiting).toMatchObject(unavailable);
      const body = bytes("x");
      const refused = [
        one.log.append({ subject: "inv", body }),
        one.log.tail(),
        one.registry.get("ring"),
        one.registry.put("ring", body, 0),
        one.registry.delete("ring", 1),
        one.registry.watch("", () => {}),
        one.queue.publish({ digest: digest("aa"), messageId: "m", body, timeoutMs: 5_000 }),
        one.queue.depth(),
        one.courier.request("here", body, 5_000),
      ];
      for (const outcome of await Promise.allSettled(refused)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
      }
    });
  });
}
