import { randomUUID } from "node:crypto";
import type { Clock, Log, Position } from "@kvring/core";
import type { ControlLog, LogReader } from "../ports.ts";
import { assertSubject, expectationFailed, logFull, noSuchPlace } from "../refusals.ts";
import type { Attempts } from "./attempts.ts";
import { Epochs } from "./epochs.ts";
import type { NatsLink } from "./link.ts";
import { NatsLogReader } from "./log-reader.ts";
import type { NatsNames } from "./names.ts";
import type { Topology } from "./topology.ts";

type Append = Parameters<ControlLog["append"]>[0];

export interface NatsLogOptions {
  readonly link: NatsLink;
  readonly topology: Topology;
  readonly attempts: Attempts;
  readonly names: NatsNames;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  readonly logBytes: number;
}

/** The control log as a JetStream stream: see docs/adr-0001-control-log.md. */
export class NatsLog implements ControlLog {
  readonly #options: NatsLogOptions;
  readonly #epochs: Epochs;
  readonly #readers = new Set<NatsLogReader>();
  /** The last place known in the life known: no later append can get one before it. */
  #highest: Position = { epoch: 0, sequence: 0 };

  constructor(options: NatsLogOptions) {
    this.#options = options;
    this.#epochs = new Epochs(options.names);
  }

  append(record: Append): Promise<Position> {
    const { subject, messageId = randomUUID(), expectedLast } = record;
    assertSubject(subject);
    const body = record.body.slice();
    const { attempts, names, timeoutMs, logBytes } = this.#options;
    const expect = expectedLast === undefined ? {} : { lastSubjectSequence: expectedLast };
    return attempts.run(
      {
        what: `appending "${subject}" to the control log`,
        part: "log",
        timeoutMs,
        onFailure(failure) {
          if (failure.kind === "conflict") {
            return expectationFailed(subject, expectedLast ?? 0, failure.actual);
          }
          return failure.kind === "full" ? logFull(logBytes) : undefined;
        },
      },
      async (session, timeout) => {
        let life = await this.#epochs.known(session);
        const before = this.#highest;
        const publishing = session.js.publish(names.logSubject(subject), body, {
          msgID: messageId,
          timeout,
          expect: { ...expect },
        });
        publishing.catch(() => this.#epochs.forget(session));
        const ack = await publishing;
        const wentBack =
          !ack.duplicate && before.epoch === life.epoch && ack.seq <= before.sequence;
        if (wentBack) {
          const now = await this.#epochs.ask(session);
          life = now.epoch === life.epoch ? await this.#epochs.renew(session, now) : now;
        }
        return this.#seen({ epoch: life.epoch, sequence: ack.seq });
      },
    );
  }

  read(listener: Parameters<ControlLog["read"]>[0]): LogReader {
    const { link, topology, names, clock, log } = this.#options;
    const reader = new NatsLogReader({
      listener,
      link,
      clock,
      log,
      names,
      epochs: this.#epochs,
      ensure: (session) => topology.ensureAnew(session, "log"),
      onPosition: (position) => void this.#seen(position),
      onStop: () => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  purge(through: Position): Promise<void> {
    const { attempts, names, timeoutMs } = this.#options;
    const what = "purging the control log";
    const { epoch, sequence } = through;
    return attempts.run({ what, part: "log", timeoutMs }, async (session) => {
      let life = await this.#epochs.ask(session);
      const { state } = await session.jsm.streams.info(names.logStream);
      if (life.epoch !== epoch || sequence > state.last_seq) throw noSuchPlace(through);
      if (life.begun <= sequence) life = await this.#epochs.repeat(session, life);
      // Somebody began another life meanwhile.
      if (life.epoch !== epoch || life.begun <= sequence) throw noSuchPlace(through);
      await session.jsm.streams.purge(names.logStream, { seq: sequence + 1 });
    });
  }

  tail(): Promise<Position> {
    const { attempts, names, timeoutMs } = this.#options;
    const what = "asking for the end of the control log";
    return attempts.run({ what, part: "log", timeoutMs }, async (session) => {
      const { state } = await session.jsm.streams.info(names.logStream);
      // After the sequence, so that of a log which is re-created in between we say too much and
      // not too little: who waits for that place does not get there.
      const { epoch } = await this.#epochs.ask(session);
      return { epoch, sequence: Math.max(1, state.last_seq) };
    });
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.stop();
  }

  #seen(position: Position): Position {
    const { epoch, sequence } = this.#highest;
    if (position.epoch === epoch) {
      if (position.sequence > sequence) this.#highest = position;
      return position;
    }
    this.#highest = position;
    // Sooner than by the silence of their consumers.
    for (const reader of this.#readers) reader.suspect(position.epoch);
    return position;
  }
}
