import { randomUUID } from "node:crypto";
import { KvringError } from "@kvring/core";
import type { StoredMsg } from "nats";
import { decodeEpoch, encodeEpoch, epochSubject, randomEpoch } from "../epoch-record.ts";
import { readNatsError } from "./errors.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

/** One life of the log: from its last `epoch` record on, positions are said in this epoch. */
export interface Life {
  readonly epoch: number;
  /** The sequence of the record that says so: 1, unless the log was found shortened. */
  readonly begun: number;
}

/**
 * Which life the log is in. The first record of a log is its epoch: it is appended only to an
 * empty log, so exactly one wins where several processes find it empty.
 */
export class Epochs {
  readonly #names: NatsNames;
  readonly #lives = new WeakMap<Session, Promise<Life>>();

  constructor(names: NatsNames) {
    this.#names = names;
  }

  /** As of this session: a log that is re-created costs its server's clients their connection. */
  async known(session: Session): Promise<Life> {
    return this.#lives.get(session) ?? this.ask(session);
  }

  /** As of now. The stream must exist. */
  ask(session: Session): Promise<Life> {
    const life = this.#find(session);
    this.#lives.set(session, life);
    life.catch(() => this.#lives.delete(session));
    return life;
  }

  /**
   * The log lost records that somebody had read, though it says that it is the same: begins a new
   * life, unless somebody else has done so since `life`.
   */
  async renew(session: Session, life: Life): Promise<Life> {
    await this.#write(session, { lastSubjectSequence: life.begun });
    return this.ask(session);
  }

  /** Says the epoch of `life` once more, so that its first record may be purged. */
  async repeat(session: Session, life: Life): Promise<Life> {
    await this.#write(session, { lastSubjectSequence: life.begun }, life.epoch);
    return this.ask(session);
  }

  /** The stream went away: what was known of it means nothing. */
  forget(session: Session): void {
    this.#lives.delete(session);
  }

  async #find(session: Session): Promise<Life> {
    const life = await this.#read(session);
    if (life !== undefined) return life;
    await this.#write(session, { lastSequence: 0 });
    const first = await this.#read(session);
    if (first !== undefined) return first;
    // Somebody who had not noticed yet that the log is another one was faster with a record of his
    // own. He learns of the new epoch by the place that his record got.
    await this.#write(session, { lastSubjectSequence: 0 });
    const second = await this.#read(session);
    if (second !== undefined) return second;
    const { logStream } = this.#names;
    throw new KvringError("BUS_UNAVAILABLE", `the stream ${logStream} does not keep its epoch`);
  }

  async #read(session: Session): Promise<Life | undefined> {
    const subject = this.#names.logSubject(epochSubject);
    const record = await storedMessage(session, this.#names.logStream, { last_by_subj: subject });
    if (record === undefined) return undefined;
    const epoch = decodeEpoch(record.data);
    if (epoch !== undefined) return { epoch, begun: record.seq };
    throw new KvringError(
      "BAD_CONFIG",
      `record ${record.seq} of the stream ${this.#names.logStream} is not an epoch that this version of kvring can read`,
    );
  }

  /** A conflict means that somebody else wrote it, which is as good. */
  async #write(
    session: Session,
    expect: { readonly lastSequence: number } | { readonly lastSubjectSequence: number },
    epoch = randomEpoch(),
  ): Promise<void> {
    try {
      await session.js.publish(this.#names.logSubject(epochSubject), encodeEpoch(epoch), {
        msgID: randomUUID(),
        expect: { ...expect },
      });
    } catch (error) {
      if (readNatsError(error).kind !== "conflict") throw error;
    }
  }
}

/** Undefined when there is no such message. */
export async function storedMessage(
  session: Session,
  stream: string,
  query: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<StoredMsg | undefined> {
  try {
    return await session.jsm.streams.getMessage(stream, query);
  } catch (error) {
    if (readNatsError(error).kind === "no-message") return undefined;
    throw error;
  }
}
