import { isAtLeast, KvringError, type Position } from "@kvring/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Fills, textOf } from "./fills.ts";

const bounds = { waitersPerKey: 6, waitersPerSession: 9, stagedBytes: 50, beginMs: 20 };

/** What an observer of the effects knows of one asker. */
interface Open {
  readonly minBorn: Position;
  readonly dueMs: number;
  readonly key: string;
}

type Step = (world: World) => void;

/** The machine, and beside it what any observer may expect of it. */
class World {
  nowMs = 0;
  readonly open = new Map<string, Open>();
  readonly tokens: { readonly key: string; readonly token: string }[] = [];
  /** Of the put under way. */
  born: Position | undefined;
  #tokens = 0;
  #asked = 0;
  readonly fills = new Fills({
    ...bounds,
    newToken: () => {
      const token = new Uint8Array(16);
      new DataView(token.buffer).setUint32(0, ++this.#tokens);
      return token;
    },
  });

  ask(sessionId: string, key: string, minBorn: Position, waitMs: number, mayOpen: boolean): void {
    const operationId = ++this.#asked;
    const dueMs = this.nowMs + waitMs;
    try {
      this.fills.ask(key, { sessionId, operationId }, minBorn, dueMs, mayOpen);
      this.open.set(`${sessionId}:${operationId}`, { minBorn, dueMs, key });
    } catch (error) {
      expect(error).toBeInstanceOf(KvringError);
    }
  }

  token(pick: number) {
    return this.tokens[pick % Math.max(1, this.tokens.length)] ?? { key: "none", token: "none" };
  }

  /** Any asker that ever was, so that cancels of settled ones happen too. */
  asker(pick: number) {
    const names = [...this.open.keys(), "a:1", "b:2"];
    const [sessionId = "", operation] = (names[pick % names.length] ?? "").split(":");
    return { sessionId, operationId: Number(operation) };
  }

  /** Every open asker is told things in order, and one final thing. */
  takeEffects(): void {
    for (const effect of this.fills.takeEffects()) {
      const name = `${effect.asker.sessionId}:${effect.asker.operationId}`;
      const asker = this.open.get(name);
      if (asker === undefined) throw new Error(`${name} is told ${effect.kind} after its end`);
      if (effect.kind === "waiting") continue;
      if (effect.kind === "granted") {
        this.tokens.push({ key: asker.key, token: textOf(effect.token) });
        continue;
      }
      if (effect.kind === "found") {
        expect(this.born !== undefined && isAtLeast(this.born, asker.minBorn)).toBe(true);
      }
      this.open.delete(name);
    }
    this.born = undefined;
  }

  check(): void {
    const { fills } = this;
    const waiting = new Set<string>();
    const generations = new Set<string>();
    let staged = 0;
    let flights = 0;
    for (const { key, born, grant, waiters } of fills.open()) {
      flights += 1;
      expect(waiters.size).toBeGreaterThan(0);
      // What the token's holder has computed is as recent as the flight promises.
      expect(isAtLeast(grant.holder.minBorn, born)).toBe(true);
      expect(grant.dueMs).toBeGreaterThan(this.nowMs);
      // At most one live token per key and generation.
      const generation = `${key} ${born.epoch}:${born.sequence}`;
      expect(generations).not.toContain(generation);
      generations.add(generation);
      staged += grant.input?.length ?? 0;
      for (const { asker, minBorn, dueMs } of waiters) {
        expect(isAtLeast(born, minBorn)).toBe(true);
        expect(dueMs).toBeGreaterThan(this.nowMs);
        waiting.add(`${asker.sessionId}:${asker.operationId}`);
      }
    }
    // Whoever was not told an end still waits, and nobody else does.
    expect(waiting).toEqual(new Set(this.open.keys()));
    expect(fills.waiting).toBe(this.open.size);
    expect(fills.size).toBe(flights);
    expect(fills.stagedBytes).toBe(staged);
    expect(staged).toBeLessThanOrEqual(bounds.stagedBytes);
    const next = Math.min(...[...this.open.values()].map(({ dueMs }) => dueMs));
    expect(fills.nextMs ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(next);
  }
}

const session = fc.constantFrom("a", "b", "c");
const key = fc.constantFrom("k1", "k1", "k2");
const position = fc.record({
  epoch: fc.constantFrom(1, 1, 1, 1, 1, 2),
  sequence: fc.integer({ min: 1, max: 3 }),
});
const pick = fc.nat(1000);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.tuple(session, key, position, fc.integer({ min: 1, max: 60 }), fc.nat(9)).map(
      ([who, what, born, waitMs, luck]): Step =>
        (world) =>
          world.ask(who, what, born, waitMs, luck > 0),
    ),
  },
  fc.nat(15).map(
    (ms): Step =>
      (world) => {
        world.nowMs += ms;
        world.fills.advance(world.nowMs);
      },
  ),
  pick.map(
    (at): Step =>
      (world) => {
        const asker = world.asker(at);
        world.fills.cancel(asker, world.nowMs);
        world.open.delete(`${asker.sessionId}:${asker.operationId}`);
      },
  ),
  session.map(
    (who): Step =>
      (world) => {
        world.fills.sessionClosed(who, world.nowMs);
        for (const name of [...world.open.keys()]) {
          if (name.startsWith(`${who}:`)) world.open.delete(name);
        }
      },
  ),
  fc.tuple(pick, fc.nat(40)).map(
    ([at, bytes]): Step =>
      (world) => {
        const { key: of, token } = world.token(at);
        try {
          world.fills.stage(of, token, new Uint8Array(bytes));
        } catch (error) {
          expect(error).toMatchObject({ reason: "QUEUE_FULL" });
        }
      },
  ),
  pick.map(
    (at): Step =>
      (world) => {
        const { key: of, token } = world.token(at);
        const begun = world.fills.begin(of, token, world.nowMs);
        expect(world.fills.keep(of, token, world.nowMs)).toBe(begun !== undefined);
        if (begun !== undefined) expect(begun.remainingMs).toBeGreaterThan(0);
      },
  ),
  pick.map(
    (at): Step =>
      (world) => {
        const { key: of, token } = world.token(at);
        world.fills.fail(of, token, new KvringError("MODEL_FAILED", "no"));
        expect(world.fills.keep(of, token, world.nowMs)).toBe(false);
      },
  ),
  pick.map(
    (at): Step =>
      (world) => {
        const { key: of, token } = world.token(at);
        world.fills.release(of, token, world.nowMs);
        expect(world.fills.keep(of, token, world.nowMs)).toBe(false);
      },
  ),
  fc.tuple(pick, position, fc.boolean()).map(
    ([at, born, under]): Step =>
      (world) => {
        const { key: of, token } = world.token(at);
        world.born = born;
        world.fills.put(of, under ? token : "", born, world.nowMs);
        if (under) expect(world.fills.keep(of, token, world.nowMs)).toBe(false);
      },
  ),
);

test("whatever happens, everybody is told one end in time, and nothing is left behind", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const world = new World();
      for (const happen of steps) {
        happen(world);
        world.takeEffects();
        world.check();
      }
      world.nowMs += 100;
      world.fills.advance(world.nowMs);
      world.takeEffects();
      world.check();
      expect([world.open.size, world.fills.size, world.fills.stagedBytes]).toEqual([0, 0, 0]);
      expect(world.fills.nextMs).toBeUndefined();
    }),
    { numRuns: 400 },
  );
});
