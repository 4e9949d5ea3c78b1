import { type Clock, type Log, nowhere, type Position } from "@kvring/core";
import { type ConsumerConfig, DeliverPolicy, type StreamState } from "nats";
import { decodeEpoch, epochSubject } from "../epoch-record.ts";
import type { ControlLog, LogReader } from "../ports.ts";
import { PositionWaits } from "../position-waits.ts";
import { messageIdHeader } from "./delivery.ts";
import { type Epochs, type Life, storedMessage } from "./epochs.ts";
import { type Followed, Follower } from "./follower.ts";
import { loudly } from "./guard.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

export interface LogReaderOptions {
  readonly listener: Parameters<ControlLog["read"]>[0];
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly names: NatsNames;
  readonly epochs: Epochs;
  ensure(session: Session): Promise<void>;
  onPosition(position: Position): void;
  onStop(): void;
}

/**
 * Reads the log through one consumer after another. Each begins at position + 1, after two
 * questions: is the log in the life that we read, and is the record at our position still the one
 * that we read there? If not, the log was re-created or lost its end, and we begin a new epoch.
 */
export class NatsLogReader implements LogReader {
  readonly #options: LogReaderOptions;
  readonly #waits: PositionWaits;
  readonly #follower: Follower;
  #life: Life = { epoch: 0, begun: 0 };
  #position = nowhere;
  /** What lies at our position, to know it again. */
  #last: { readonly messageId: string; readonly body: Uint8Array } | undefined;
  /** Records after our position were erased: nothing can be read on from there. */
  #isBroken = false;
  #stopped = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#waits = new PositionWaits(options.clock);
    const { link, clock, log, names } = options;
    this.#follower = new Follower({
      link,
      clock,
      log,
      stream: names.logStream,
      begin: (session, isCurrent) => this.#begin(session, isCurrent),
      onMessage: (message) => this.#receive(message),
    });
  }

  get position(): Position {
    return this.#position;
  }

  reached(sequence: number, timeoutMs: number): Promise<void> {
    const wait = this.#waits.wait(sequence, timeoutMs);
    if (this.#position.epoch !== 0) this.#waits.advanced(this.#position.sequence);
    if (this.#stopped) this.#waits.abandon("the reader was stopped");
    return wait;
  }

  /** Somebody met `epoch` in the log. If we read another, what we read may not be there any more. */
  suspect(epoch: number): void {
    if (this.#life.epoch === 0 || this.#life.epoch === epoch) return;
    this.#follower.restart("an append was given a place in another epoch");
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waits.abandon("the reader was stopped");
    this.#options.onStop();
    await this.#follower.stop();
  }

  async #begin(session: Session, isCurrent: () => boolean): Promise<Partial<ConsumerConfig>> {
    const { ensure, epochs, names } = this.#options;
    await ensure(session);
    let life = await epochs.ask(session);
    const { state } = await session.jsm.streams.info(names.logStream);
    const isSame = life.epoch === this.#life.epoch;
    const isOvertaken = isSame && this.#isPurged(state, this.#position.sequence + 1);
    if (isSame && !isOvertaken && !(await this.#isIntact(session, state))) {
      life = await epochs.renew(session, life);
    }
    if (isCurrent() && (isOvertaken || life.epoch !== this.#life.epoch)) {
      this.#enter(life, Math.max(0, state.first_seq - 1));
    }
    return {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#position.sequence + 1,
    };
  }

  /** Whether a record is gone because everything up to it was purged, and not because it was lost. */
  #isPurged({ first_seq: first, last_seq: last }: StreamState, sequence: number): boolean {
    return sequence < first && sequence <= last;
  }

  async #isIntact(session: Session, state: StreamState): Promise<boolean> {
    if (this.#isBroken) return false;
    if (this.#last === undefined || this.#isPurged(state, this.#position.sequence)) return true;
    const { logStream } = this.#options.names;
    const stored = await storedMessage(session, logStream, { seq: this.#position.sequence });
    return (
      stored !== undefined &&
      stored.header.get(messageIdHeader) === this.#last.messageId &&
      Buffer.compare(stored.data, this.#last.body) === 0
    );
  }

  #enter(life: Life, before: number): void {
    // Who waits for a first record is right to wait on; who waits in an epoch that is over is not.
    if (this.#position.epoch !== 0) this.#waits.abandon("the log is read anew");
    this.#life = life;
    this.#last = undefined;
    this.#isBroken = false;
    this.#position = { epoch: life.epoch, sequence: before };
    this.#options.onPosition(this.#position);
    loudly(() => this.#options.listener.onEpoch(life.epoch, before));
  }

  #receive({ subject, body, messageId, delivery }: Followed): void {
    const { names, listener, onPosition } = this.#options;
    const sequence = delivery.streamSequence;
    if (sequence !== this.#position.sequence + 1) {
      this.#isBroken = true;
      this.#follower.restart("records were erased before they were read");
      return;
    }
    const kind = names.logRecord(subject);
    if (kind === epochSubject && sequence > this.#life.begun) {
      const epoch = decodeEpoch(body);
      if (epoch !== this.#life.epoch) {
        this.#follower.restart("the log began a new epoch");
        return;
      }
    }
    const position = Object.freeze({ epoch: this.#life.epoch, sequence });
    listener.onRecord({ position, subject: kind, body: body.slice() });
    this.#position = position;
    this.#last = { messageId, body };
    onPosition(position);
    this.#waits.advanced(sequence);
  }
}
