import { setTimeout as pause } from "node:timers/promises";
import { type Clock, KvringError, type Log } from "@kvring/core";
import { connect, DebugEvents, Events, type NatsConnection } from "nats";
import type { BusStatus, Stoppable } from "../ports.ts";
import { closedBus } from "../refusals.ts";
import { whyUnreachable } from "./errors.ts";
import { loudly } from "./guard.ts";
import { type NatsServers, readableServers } from "./servers.ts";
import { flushed, openSession, type Session } from "./session.ts";

type LinkState =
  /** Never connected so far. */
  | { readonly kind: "dialing"; readonly why: string }
  | { readonly kind: "connected"; readonly nc: NatsConnection; readonly session: Session }
  /** The client dials again by itself, for ever. */
  | { readonly kind: "lost"; readonly nc: NatsConnection; readonly why: string }
  | { readonly kind: "closed" };

const dialTimeoutMs = 2_000;
const redialMs = 250;

/**
 * The connection to NATS: dialed until it is there, kept for ever, told about.
 *
 * The first connection is dialed here and not by the client's `waitOnFirstConnect`, which cannot
 * be stopped and does not say why it waits. From then on the client reconnects by itself.
 */
export class NatsLink {
  readonly #servers: NatsServers;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pingMs: number;
  readonly #abort = new AbortController();
  readonly #statusListeners = new Set<(status: BusStatus) => void>();
  readonly #sessionListeners = new Set<(session: Session) => void>();
  readonly #lossListeners = new Set<() => void>();
  readonly #waits = new Set<(outcome: Session | KvringError) => void>();
  #state: LinkState = { kind: "dialing", why: "not connected yet" };

  constructor(options: {
    readonly servers: NatsServers;
    readonly name: string;
    readonly clock: Clock;
    readonly log: Log;
    /** A server that is gone without a word is noticed within three of these. Default 2 s. */
    readonly pingMs?: number;
  }) {
    this.#pingMs = options.pingMs ?? 2_000;
    this.#servers = options.servers;
    this.#name = options.name;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  get status(): BusStatus {
    switch (this.#state.kind) {
      case "connected":
        return { state: "connected" };
      case "closed":
        return { state: "disconnected", why: "the bus was closed" };
      default:
        return { state: "disconnected", why: this.#state.why };
    }
  }

  onStatus(listener: (status: BusStatus) => void): Stoppable {
    return registered(this.#statusListeners, listener);
  }

  /** Calls with the session now, if there is one, and with every later one. */
  onSession(listener: (session: Session) => void): Stoppable {
    if (this.#state.kind === "connected") listener(this.#state.session);
    return registered(this.#sessionListeners, listener);
  }

  onLoss(listener: () => void): Stoppable {
    return registered(this.#lossListeners, listener);
  }

  get current(): Session | undefined {
    return this.#state.kind === "connected" ? this.#state.session : undefined;
  }

  /** Throws BUS_UNAVAILABLE when there is no connection within `timeoutMs`. */
  session(timeoutMs: number): Promise<Session> {
    if (this.#state.kind === "connected") return Promise.resolve(this.#state.session);
    if (this.#state.kind === "closed") return Promise.reject(closedBus());
    const { promise, resolve, reject } = Promise.withResolvers<Session>();
    const settle = (outcome: Session | KvringError) => {
      cancelTimer();
      this.#waits.delete(settle);
      if (outcome instanceof KvringError) reject(outcome);
      else resolve(outcome);
    };
    const cancelTimer = this.#clock.after(timeoutMs, () => settle(this.#unreachable()));
    this.#waits.add(settle);
    return promise;
  }

  /** Resolves after the first attempt, whatever came of it; the others go on behind it. */
  async open(): Promise<void> {
    if (!(await this.#attempt())) void this.#dial();
  }

  async close(): Promise<void> {
    const before = this.#state;
    if (before.kind === "closed") return;
    this.#setState({ kind: "closed" });
    this.#abort.abort();
    // Good-byes and acknowledgements may be on their way out.
    if (before.kind === "connected") await flushed(before.nc);
    if (before.kind !== "dialing") await before.nc.close();
  }

  async #dial(): Promise<void> {
    for (let attempt = 1; this.#state.kind === "dialing"; attempt++) {
      try {
        // Keeps the process alive, unlike the clock's timers: it has something to wait for.
        await pause(Math.min(redialMs * attempt, 4 * redialMs), undefined, this.#abort);
      } catch {
        return;
      }
      if (this.#state.kind === "dialing" && (await this.#attempt())) return;
    }
  }

  async #attempt(): Promise<boolean> {
    try {
      const nc = await connect({
        ...this.#servers,
        name: this.#name,
        timeout: dialTimeoutMs,
        // The client's own look-up ignores the hosts file; only for TLS it needs it, for the name.
        resolve: this.#servers.tls !== undefined,
        pingInterval: this.#pingMs,
        maxPingOut: 2,
        maxReconnectAttempts: -1,
        reconnectTimeWait: redialMs,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      });
      await this.#connected(nc);
      return true;
    } catch (error) {
      if (this.#state.kind !== "dialing") return true;
      const why = whyUnreachable(error);
      const first = this.#state.why !== why;
      this.#setState({ kind: "dialing", why });
      if (first) this.#log.warn({ servers: readableServers(this.#servers), why }, unreachable);
      return false;
    }
  }

  async #connected(nc: NatsConnection): Promise<void> {
    const session = await openSession(nc);
    if (this.#state.kind === "closed") return nc.close();
    void this.#follow(nc);
    this.#setState({ kind: "connected", nc, session });
  }

  /** Ends when the connection is closed for good. */
  async #follow(nc: NatsConnection): Promise<void> {
    for await (const { type, data } of nc.status()) {
      if (this.#state.kind === "closed") return;
      if (type === Events.Disconnect) {
        this.#setState({ kind: "lost", nc, why: `the connection to ${data} was lost` });
      } else if (type === Events.Reconnect) {
        this.#setState({ kind: "connected", nc, session: await openSession(nc) });
      } else if (type === Events.Error) {
        this.#log.warn({ error: data }, "NATS reports an error");
      } else if (type === DebugEvents.StaleConnection) {
        // The client now waits until the server has taken in what was sent before, and a server that
        // cannot be heard never does: a gateway was without NATS until TCP gave up, minutes later.
        nc.close().catch(() => {});
        this.#beginAnew("the server no longer answers");
        return;
      }
    }
    // Not expected, as reconnecting never gives up.
    this.#beginAnew("the NATS client closed the connection");
  }

  #beginAnew(why: string): void {
    if (this.#state.kind === "closed") return;
    this.#setState({ kind: "dialing", why });
    void this.#dial();
  }

  #setState(next: LinkState): void {
    const before = this.#state;
    if (before.kind === "closed") return;
    this.#state = next;
    if (next.kind === "connected") {
      this.#log.info({ server: next.nc.getServer() }, "connected to NATS");
      for (const settle of [...this.#waits]) settle(next.session);
      for (const listener of [...this.#sessionListeners]) listener(next.session);
    } else if (before.kind === "connected") {
      if (next.kind !== "closed") this.#log.warn({ why: next.why }, unreachable);
      for (const listener of [...this.#lossListeners]) listener();
    }
    if (next.kind === "closed") for (const settle of [...this.#waits]) settle(closedBus());
    if (next.kind === before.kind && next.kind === "connected") return;
    const { status } = this;
    for (const listener of [...this.#statusListeners]) loudly(() => listener(status));
  }

  #unreachable(): KvringError {
    const why =
      this.#state.kind === "dialing" || this.#state.kind === "lost" ? this.#state.why : "";
    const servers = readableServers(this.#servers);
    return new KvringError("BUS_UNAVAILABLE", `NATS at ${servers} cannot be reached: ${why}`);
  }
}

const unreachable = "NATS cannot be reached; trying again until it can";

function registered<T>(listeners: Set<T>, listener: T): Stoppable {
  listeners.add(listener);
  return { stop: async () => void listeners.delete(listener) };
}
