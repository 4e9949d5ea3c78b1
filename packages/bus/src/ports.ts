/**
 * What kvring's processes need of each other beyond the data plane. Two implementations stand
 * behind these ports, in-process and NATS; one contract suite runs over both.
 *
 * While the bus cannot be reached, what asks for something (`append`, `tail`, `get`, `put`,
 * `delete`, `publish`, `depth`, `request`, a registry's `watch`) throws BUS_UNAVAILABLE within its
 * time; what only listens (`read`, `consume`, `serve`, `announce`, a presence's `watch`) is
 * promised at once and begins when the bus is there.
 *
 * Nothing is called back from inside a call. Bodies are copied on their way in and out.
 */
import type { Position } from "@kvring/core";

/** Stops a subscription, a consumer or an announcement; resolves when nothing more will be called. */
export interface Stoppable {
  stop(): Promise<void>;
}

export interface Bus {
  readonly log: ControlLog;
  readonly registry: Registry;
  readonly queue: MissQueue;
  readonly courier: Courier;
  readonly presence: Presence;
  /** Whether the bus can be reached right now. */
  readonly status: BusStatus;
  onStatus(listener: (status: BusStatus) => void): Stoppable;
  close(): Promise<void>;
}

export type BusStatus =
  | { readonly state: "connected" }
  | { readonly state: "disconnected"; readonly why: string };

/**
 * The one ordered history that all gateways share. Records are never overwritten, expired or
 * reordered, so a reader that got to a position has seen all that came before it, or was told that
 * it was purged.
 */
export interface ControlLog {
  /**
   * Appends a record and tells its place. With `expectedLast`, only if the last record under
   * `subject` (0: none) has that sequence; otherwise throws BUS_CONFLICT and appends nothing.
   * A repeated `messageId` (within two minutes) appends nothing and tells the first one's place.
   */
  append(record: {
    /** Dot-separated tokens of letters, digits, "_" and "-": "inv", "hb.gw-1". */
    readonly subject: string;
    readonly body: Uint8Array;
    readonly messageId?: string;
    readonly expectedLast?: number;
  }): Promise<Position>;
  /**
   * Reads everything from the beginning of the log's life, or from the first record that was not
   * purged, in order, without a gap, and follows it. `onRecord` is called once per record,
   * synchronously; the reader's position is that of the last record given. A new epoch is announced
   * before its first record.
   */
  read(reader: {
    onRecord(record: LogEntry): void;
    /**
     * The log began a new life: all positions so far mean nothing any more. `before` is the place
     * before the first record that comes. The same epoch once more: records were purged before
     * they were read here, and reading goes on behind them.
     */
    onEpoch(epoch: number, before: number): void;
  }): LogReader;
  /**
   * Forgets the records up to `through`, but not which life the log is in. To `expectedLast`, a
   * record that was forgotten counts as none. Throws BUS_CONFLICT, and forgets nothing, when the
   * log has no such place or is in another life.
   */
  purge(through: Position): Promise<void>;
  /** The position of the last record acknowledged by the log, asked now. */
  tail(): Promise<Position>;
}

export interface LogEntry {
  readonly position: Position;
  readonly subject: string;
  readonly body: Uint8Array;
}

export interface LogReader extends Stoppable {
  /** `nowhere` until the log was reached. Never goes back within an epoch. */
  readonly position: Position;
  /**
   * Resolves when `position` is at or past `sequence` of the reader's current epoch. Throws
   * BUS_UNAVAILABLE when that takes longer, when the epoch ends, or when the reader is stopped.
   */
  reached(sequence: number, timeoutMs: number): Promise<void>;
}

/**
 * State that many read and few write: the ring descriptor and the model catalog. A lost or late
 * update costs misses or readiness, never correctness.
 */
export interface Registry {
  get(key: string): Promise<RegistryEntry | undefined>;
  /** Writes if the revision is still `expected` (0: absent); otherwise throws BUS_CONFLICT. */
  put(key: string, value: Uint8Array, expected: number): Promise<number>;
  /** Deletes if the revision is still `expected`; otherwise throws BUS_CONFLICT. */
  delete(key: string, expected: number): Promise<void>;
  /** Calls with every present key under `prefix`, then with every change. `ready` after the first. */
  watch(prefix: string, onChange: (change: RegistryChange) => void): Promise<Stoppable>;
}

export interface RegistryEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

export type RegistryChange =
  | { readonly kind: "set"; readonly key: string; readonly entry: RegistryEntry }
  | { readonly kind: "deleted"; readonly key: string };

/** Jobs for workers: each is given to one of them, and again to another if that one dies. */
export interface MissQueue {
  /**
   * Resolves when the queue has the job. Throws QUEUE_FULL when it is full, BUS_UNAVAILABLE when
   * it cannot be reached within `timeoutMs`. Retries under the same message id are one job.
   */
  publish(job: {
    /** 64 hex digits; who computes this artifact gets the job. */
    readonly digest: string;
    readonly messageId: string;
    readonly body: Uint8Array;
    readonly timeoutMs: number;
  }): Promise<void>;
  /**
   * Gives jobs of one digest to `handle`, at most `slots` at a time. A job whose handler resolves
   * is done; one whose handler rejects is given again, at once. While the handler runs, the job
   * stays ours. `deliveries` counts from 1 to `maxDeliveries`, also those that were lost on their
   * way or whose handler died.
   */
  consume(consumer: {
    readonly digest: string;
    readonly slots: number;
    handle(job: { readonly body: Uint8Array; readonly deliveries: number }): Promise<void>;
  }): Promise<Stoppable>;
  /** Jobs waiting or being worked on, over all digests. */
  depth(): Promise<number>;
}

/** More than the attempts that a job's holder allows: a delivery may be lost with its connection. */
export const maxDeliveries = 5;

/** Small messages to one process, with an answer. Bodies are at most `courierBytes`. */
export interface Courier {
  /** One handler per address. The KvringError it rejects with reaches who asked. */
  serve(address: string, handle: (body: Uint8Array) => Promise<Uint8Array>): Promise<Stoppable>;
  /** Throws BUS_UNAVAILABLE when nobody serves the address or no answer comes in time. */
  request(address: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
}

export const courierBytes = 512 * 1024;

/** Who is there. Liveness is what each observer hears, by its own clock; nothing is stored. */
export interface Presence {
  /** Announces now and then every second until stopped, which says good-bye. */
  announce(kind: PresenceKind, id: string, record: Uint8Array): Promise<Announcement>;
  /** `onChange` gets the whole current set whenever it changes; silence of 3 s removes a member. */
  watch(
    kind: PresenceKind,
    onChange: (members: ReadonlyMap<string, Uint8Array>) => void,
  ): Promise<Stoppable>;
}

export type PresenceKind = "gateway" | "node" | "worker";

export interface Announcement extends Stoppable {
  update(record: Uint8Array): Promise<void>;
}
