import type { Clock, Position } from "@kvring/core";
import { encodeEpoch, epochSubject, randomEpoch } from "../epoch-record.ts";
import type { BusLimits } from "../options.ts";
import type { ControlLog, LogEntry, LogReader } from "../ports.ts";
import { assertSubject, closedBus, expectationFailed, logFull, noSuchPlace } from "../refusals.ts";
import { InProcessLogReader } from "./log-reader.ts";
import { MessageIds } from "./message-ids.ts";

type Append = Parameters<ControlLog["append"]>[0];

/** What a record costs besides its body and subject: a coarse figure, it only has to bound. */
const recordBytes = 128;

export class InProcessLog implements ControlLog {
  readonly #epoch = randomEpoch();
  readonly #limits: BusLimits;
  readonly #ids: MessageIds<Position>;
  /** Invariant: the record at index i has sequence `#purged` + i + 1. */
  #records: LogEntry[] = [];
  #purged = 0;
  readonly #lastOf = new Map<string, number>();
  readonly #readers = new Set<InProcessLogReader>();
  readonly #clock: Clock;
  #bytes = 0;
  #closed = false;

  constructor(clock: Clock, limits: BusLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#ids = new MessageIds(clock);
    this.#add(epochSubject, encodeEpoch(this.#epoch));
  }

  async append({ subject, body, messageId, expectedLast }: Append): Promise<Position> {
    assertSubject(subject);
    if (this.#closed) throw closedBus();
    const first = messageId === undefined ? undefined : this.#ids.find(messageId);
    if (first !== undefined) return first;
    const last = this.#lastOf.get(subject) ?? 0;
    if (expectedLast !== undefined && expectedLast !== last) {
      throw expectationFailed(subject, expectedLast, last);
    }
    const bytes = bytesOf(subject, body);
    if (this.#bytes + bytes > this.#limits.logBytes) throw logFull(this.#limits.logBytes);
    const position = this.#add(subject, body.slice());
    if (messageId !== undefined) this.#ids.remember(messageId, position);
    for (const reader of this.#readers) reader.wake();
    return position;
  }

  read(listener: Parameters<ControlLog["read"]>[0]): LogReader {
    const reader = new InProcessLogReader({
      listener,
      clock: this.#clock,
      epoch: this.#epoch,
      purged: () => this.#purged,
      recordAt: (sequence) => this.#records[sequence - this.#purged - 1],
      onStop: () => this.#readers.delete(reader),
    });
    if (this.#closed) return reader;
    this.#readers.add(reader);
    reader.wake();
    return reader;
  }

  async purge(through: Position): Promise<void> {
    if (this.#closed) throw closedBus();
    const { epoch, sequence } = through;
    if (epoch !== this.#epoch || sequence > this.#last) throw noSuchPlace(through);
    const count = Math.max(0, sequence - this.#purged);
    for (const { position, subject, body } of this.#records.slice(0, count)) {
      this.#bytes -= bytesOf(subject, body);
      if (this.#lastOf.get(subject) === position.sequence) this.#lastOf.delete(subject);
    }
    this.#records = this.#records.slice(count);
    this.#purged += count;
  }

  async tail(): Promise<Position> {
    if (this.#closed) throw closedBus();
    return { epoch: this.#epoch, sequence: this.#last };
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.halt();
  }

  get #last(): number {
    return this.#purged + this.#records.length;
  }

  #add(subject: string, body: Uint8Array): Position {
    const position = Object.freeze({ epoch: this.#epoch, sequence: this.#last + 1 });
    this.#records.push({ position, subject, body });
    this.#bytes += bytesOf(subject, body);
    this.#lastOf.set(subject, position.sequence);
    return position;
  }
}

function bytesOf(subject: string, body: Uint8Array): number {
  return recordBytes + subject.length + body.byteLength;
}
