import { KvringError } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { courierBytes } from "../ports.ts";
import type { BusWorld } from "./bus.ts";
import { bytes, text } from "./support.ts";

const unavailable = { reason: "BUS_UNAVAILABLE", code: "UNAVAILABLE" };

export function describeCourier(world: BusWorld): void {
  describe("courier", () => {
    test("brings an answer from the address, and from no other", async () => {
      const { one, two } = await world.pair();
      await one.courier.serve("gw/1.a", async (body) => bytes(`a ${text(body)}`));
      await one.courier.serve("gw/1.b", async (body) => bytes(`b ${text(body)}`));
      const answers = await Promise.all([
        two.courier.request("gw/1.a", bytes("x"), 5_000),
        two.courier.request("gw/1.b", bytes("y"), 5_000),
        one.courier.request("gw/1.a", bytes(""), 5_000),
      ]);
      expect(answers.map(text)).toEqual(["a x", "b y", "a "]);
    });

    test("says at once that nobody is there", async () => {
      const { one, two } = await world.pair();
      await expect(one.courier.request("nobody", bytes("x"), 60_000)).rejects.toMatchObject(
        unavailable,
      );
      const served = await one.courier.serve("somebody", async (body) => body);
      await two.courier.request("somebody", bytes("x"), 5_000);
      await served.stop();
      await expect(one.courier.request("somebody", bytes("x"), 60_000)).rejects.toMatchObject(
        unavailable,
      );
    });

    test("waits no longer than it is told", async () => {
      const { one, two } = await world.pair();
      await one.courier.serve("silent", () => new Promise(() => {}));
      await expect(two.courier.request("silent", bytes("x"), 20)).rejects.toMatchObject(
        unavailable,
      );
    });

    test("carries the handler's error", async () => {
      const { one, two } = await world.pair();
      await one.courier.serve("lost", async () => {
        throw new KvringError("INPUT_LOST", "the input is gone: ask again");
      });
      await one.courier.serve("broken", async () => {
        throw new TypeError("x is not a function");
      });
      await expect(two.courier.request("lost", bytes("x"), 5_000)).rejects.toMatchObject({
        reason: "INPUT_LOST",
        message: "the input is gone: ask again",
      });
      await expect(two.courier.request("broken", bytes("x"), 5_000)).rejects.toMatchObject({
        reason: "INTERNAL",
      });
    });

    test("refuses what is too large, both ways", async () => {
      const { one, two } = await world.pair();
      const large = new Uint8Array(courierBytes);
      await one.courier.serve("echo", async (body) => body);
      await one.courier.serve("blow-up", async () => new Uint8Array(courierBytes + 1));
      expect(await two.courier.request("echo", large, 5_000)).toHaveLength(courierBytes);
      const tooLarge = { reason: "MESSAGE_TOO_LARGE" };
      await expect(
        two.courier.request("echo", new Uint8Array(courierBytes + 1), 5_000),
      ).rejects.toMatchObject(tooLarge);
      await expect(two.courier.request("blow-up", bytes(""), 5_000)).rejects.toMatchObject(
        tooLarge,
      );
    });

    test("gives and takes copies", async () => {
      const { one, two } = await world.pair();
      const kept = bytes("answer");
      await one.courier.serve("copies", async (body) => {
        body.fill(0);
        return kept;
      });
      const mine = bytes("question");
      (await two.courier.request("copies", mine, 5_000)).fill(0);
      expect([text(mine), text(kept)]).toEqual(["question", "answer"]);
    });
  });
}
