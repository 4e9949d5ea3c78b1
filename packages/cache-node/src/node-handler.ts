import { randomBytes } from "node:crypto";
import { type Clock, Entry, KvringError, limits } from "@kvring/core";
import type { Store } from "@kvring/store";
import type {
  ExchangeHandler,
  ExchangeSession,
  KnownOperation,
  LookupOperation,
  PutOperation,
  StageOperation,
} from "@kvring/wire";
import { Entries } from "./entries.ts";
import { bytesOf, Fills, textOf } from "./fills/fills.ts";
import { KeyActivity } from "./key-activity.ts";
import { type NodeStats, nodeAdaptation } from "./stats.ts";

export interface NodeHandlerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly stagedBytes: number;
}

const keyBytes = 32;
/** A worker says that it computes every second; five silent ones, and another may. */
const beginMs = 5_000;
/** No asker waits longer, whatever it says. */
const maxWaitMs = 10 * 60 * 1_000;

/** A node's operations: entries out of the store, computations through the fills. */
export class NodeHandler implements ExchangeHandler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #entries: Entries;
  readonly #fills: Fills;
  readonly #activity = new KeyActivity();
  readonly #sessions = new Map<string, ExchangeSession>();
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #drained: (() => void)[] | undefined;
  #hits = 0;
  #misses = 0;
  #refusals = 0;

  constructor({ store, clock, stagedBytes }: NodeHandlerOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#entries = new Entries(store);
    this.#fills = new Fills({
      waitersPerKey: limits.waitersPerKey,
      waitersPerSession: limits.inFlightPerGateway,
      stagedBytes,
      beginMs,
      newToken: () => randomBytes(16),
    });
  }

  get entries(): Entries {
    return this.#entries;
  }

  /** Whether every gateway here routes by that ring, or a later one. Others route by none. */
  isFollowed(ringVersion: number): boolean {
    for (const session of this.#sessions.values()) {
      if (session.ringVersion > 0 && session.ringVersion < ringVersion) return false;
    }
    return true;
  }

  /** Gateways that have us in their ring. */
  get routers(): number {
    let routers = 0;
    for (const session of this.#sessions.values()) if (session.ringVersion > 0) routers += 1;
    return routers;
  }

  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  opened(session: ExchangeSession): void {
    this.#sessions.set(session.sessionId, session);
  }

  closed(session: ExchangeSession): void {
    this.#sessions.delete(session.sessionId);
    this.#fills.sessionClosed(session.sessionId, this.#clock.nowMs());
    this.#settle(undefined);
  }

  operate(session: ExchangeSession, operation: KnownOperation): void {
    const nowMs = this.#clock.nowMs();
    try {
      this.#perform(session, operation, nowMs);
    } catch (error) {
      this.#refusals += 1;
      throw error;
    }
  }

  #perform(session: ExchangeSession, operation: KnownOperation, nowMs: number): void {
    // A timer may be late; what is overdue by then is not alive.
    this.#fills.advance(nowMs);
    if (operation.kind === "cancel") {
      const asker = { sessionId: session.sessionId, operationId: operation.operationId };
      this.#fills.cancel(asker, nowMs);
      this.#settle(undefined);
      return;
    }
    if (operation.key.length !== keyBytes) {
      throw new KvringError("MESSAGE_MALFORMED", `a key has ${keyBytes} bytes`);
    }
    switch (operation.kind) {
      case "lookup":
        this.#lookup(session, operation, nowMs);
        return;
      case "put":
        this.#put(session, operation, nowMs);
        return;
      case "stage":
        this.#stage(session, operation);
        return;
    }
    const { id } = operation;
    const key = textOf(operation.key);
    const token = textOf(operation.token);
    switch (operation.kind) {
      case "begin":
        session.begun(id, this.#fills.begin(key, token, nowMs));
        break;
      case "keep":
        session.done(id, this.#fills.keep(key, token, nowMs));
        break;
      case "fail": {
        const error = KvringError.fromWire(operation.reason, operation.message);
        session.done(id, this.#fills.fail(key, token, error));
        break;
      }
      case "release":
        session.done(id, this.#fills.release(key, token, nowMs));
        break;
    }
    this.#settle(undefined);
  }

  #lookup(session: ExchangeSession, operation: LookupOperation, nowMs: number): void {
    const { id, key, minBorn, maxAgeMs, minTtlMs } = operation;
    this.#activity.count(key, this.#store.size);
    const entry = this.#entries.find(key, minBorn, maxAgeMs, minTtlMs);
    if (entry !== undefined) {
      this.#hits += 1;
      session.found(id, entry, { waited: false, stored: true });
      return;
    }
    this.#misses += 1;
    const { waitMs, joinOnly } = operation;
    const mayOpen = !this.isDraining && !joinOnly;
    const isJoinable = waitMs > 0 && this.#fills.isUnderWay(textOf(key), minBorn);
    if ((waitMs === 0 && !this.isDraining) || (joinOnly && !isJoinable)) {
      session.missing(id);
      return;
    }
    const asker = { sessionId: session.sessionId, operationId: id };
    const dueMs = nowMs + Math.min(operation.waitMs, maxWaitMs);
    this.#fills.ask(textOf(key), asker, minBorn, dueMs, mayOpen);
    this.#settle(undefined);
  }

  #put(session: ExchangeSession, operation: PutOperation, nowMs: number): void {
    const { id, key, token, store } = operation;
    const entry = new Entry(operation.entry);
    const kept = store && this.#entries.keep(key, entry);
    this.#fills.put(textOf(key), textOf(token), entry.born, nowMs);
    this.#settle({ bytes: operation.entry, stored: kept });
    session.done(id, kept);
  }

  #stage(session: ExchangeSession, { id, key, token, input, bulkBytes }: StageOperation): void {
    // A small input is a view on its frame; a large one was put together for us.
    const own = bulkBytes > 0 ? input : Uint8Array.from(input);
    session.done(id, this.#fills.stage(textOf(key), textOf(token), own));
  }

  /** Tells the askers what became of them, and sees to the next deadline. */
  #settle(answer: { readonly bytes: Uint8Array; readonly stored: boolean } | undefined): void {
    for (const effect of this.#fills.takeEffects()) {
      const session = this.#sessions.get(effect.asker.sessionId);
      if (session === undefined) continue;
      const id = effect.asker.operationId;
      switch (effect.kind) {
        case "granted":
          session.granted(id, effect.token, this.#activity.asksOf(bytesOf(effect.key)));
          break;
        case "waiting":
          session.waiting(id);
          break;
        case "missing":
          session.missing(id);
          break;
        case "found":
          if (answer === undefined) break;
          session.found(id, answer, { waited: effect.waited, stored: answer.stored });
          break;
        case "failed":
          session.failed(id, effect.error);
          break;
        case "refused":
          this.#refusals += 1;
          session.refused(id, effect.error);
          break;
      }
    }
    this.#arm();
    this.#checkDrained();
  }

  /** One timer for all deadlines. One that fires too early costs less than one per asker. */
  #arm(): void {
    const { nextMs } = this.#fills;
    if (nextMs === undefined || (this.#timer !== undefined && this.#timer.dueMs <= nextMs)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, nextMs - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      this.#fills.advance(this.#clock.nowMs());
      this.#settle(undefined);
    });
    this.#timer = { dueMs: nextMs, cancel };
  }

  /** True when no computation is under way any more, false when some are after `timeoutMs`. */
  drain(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(timeoutMs, () => resolve(false));
    this.#drained ??= [];
    this.#drained.push(() => {
      cancel();
      resolve(true);
    });
    this.#checkDrained();
    return promise;
  }

  #checkDrained(): void {
    if (this.#drained === undefined || this.#fills.size > 0) return;
    for (const drained of this.#drained.splice(0)) drained();
  }

  stats(): Omit<NodeStats, "nodeId" | "zone" | "state" | "ringVersion" | "sessions" | "uptimeMs"> {
    const { policy, capacityBytes, usedBytes, size, counters } = this.#store;
    return {
      policy,
      capacityBytes,
      usedBytes,
      entries: size,
      hits: this.#hits,
      misses: this.#misses,
      grants: this.#fills.counters.grants,
      waits: this.#fills.counters.waits,
      puts: counters.puts,
      evictions: counters.evictions,
      expirations: counters.expirations,
      refusals: this.#refusals,
      openTokens: this.#fills.size,
      stagedBytes: this.#fills.stagedBytes,
      adaptation: nodeAdaptation(this.#store),
    };
  }
}
