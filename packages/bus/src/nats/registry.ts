import { randomUUID } from "node:crypto";
import { type Clock, KvringError, type Log } from "@kvring/core";
import type { Registry, RegistryChange, RegistryEntry, Stoppable } from "../ports.ts";
import { expectationFailed } from "../refusals.ts";
import type { Attempts } from "./attempts.ts";
import { headersOf, isGone, operationHeader } from "./delivery.ts";
import { storedMessage } from "./epochs.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import { RegistryWatch } from "./registry-watch.ts";
import type { Session } from "./session.ts";
import type { Topology } from "./topology.ts";

export interface NatsRegistryOptions {
  readonly link: NatsLink;
  readonly topology: Topology;
  readonly attempts: Attempts;
  readonly names: NatsNames;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
}

/**
 * The registry as a key-value bucket. It is written as the log is, with an expectation and a
 * message id, which the client's own key-value API has not: an attempt whose answer was lost can
 * be repeated without meeting itself.
 */
export class NatsRegistry implements Registry {
  readonly #options: NatsRegistryOptions;
  readonly #watches = new Set<RegistryWatch>();

  constructor(options: NatsRegistryOptions) {
    this.#options = options;
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    const what = `reading "${key}" from the registry`;
    const last = await this.#run(what, (session) => this.#last(session, key));
    return last === undefined || last.gone ? undefined : { ...last.entry };
  }

  put(key: string, value: Uint8Array, expected: number): Promise<number> {
    return this.#write(key, value.slice(), expected, {});
  }

  async delete(key: string, expected: number): Promise<void> {
    // A key that was never there cannot be marked as gone, and need not be.
    if (expected === 0) {
      const present = await this.get(key);
      if (present !== undefined) throw expectationFailed(key, 0, present.revision);
      return;
    }
    await this.#write(key, new Uint8Array(), expected, { [operationHeader]: "DEL" });
  }

  async watch(prefix: string, onChange: (change: RegistryChange) => void): Promise<Stoppable> {
    const { link, topology, names, clock, log, timeoutMs } = this.#options;
    await link.session(timeoutMs);
    const watch = new RegistryWatch({
      prefix,
      onChange,
      link,
      clock,
      log,
      names,
      ensure: (session) => topology.ensureAnew(session, "state"),
      onStop: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    try {
      await watch.ready(timeoutMs);
    } catch (error) {
      await watch.stop();
      throw error;
    }
    return watch;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) await watch.stop();
  }

  async #write(
    key: string,
    value: Uint8Array,
    expected: number,
    fields: Readonly<Record<string, string>>,
  ): Promise<number> {
    const messageId = randomUUID();
    return this.#run(
      `writing "${key}" to the registry`,
      async (session, timeout) => {
        const revision = expected === 0 ? await this.#absentAt(session, key) : expected;
        const { seq } = await session.js.publish(this.#options.names.stateSubject(key), value, {
          msgID: messageId,
          timeout,
          headers: headersOf(fields),
          expect: { lastSubjectSequence: revision },
        });
        return seq;
      },
      (actual) => expectationFailed(key, expected, actual),
    );
  }

  /** A key that was deleted left a mark, and it is the mark's revision that has to be met. */
  async #absentAt(session: Session, key: string): Promise<number> {
    const last = await this.#last(session, key);
    return last?.gone ? last.entry.revision : 0;
  }

  async #last(
    session: Session,
    key: string,
  ): Promise<{ readonly gone: boolean; readonly entry: RegistryEntry } | undefined> {
    const { names } = this.#options;
    const subject = names.stateSubject(key);
    const stored = await storedMessage(session, names.stateStream, { last_by_subj: subject });
    if (stored === undefined) return undefined;
    const gone = isGone(stored.header.get(operationHeader));
    return { gone, entry: { value: stored.data.slice(), revision: stored.seq } };
  }

  #run<T>(
    what: string,
    operate: (session: Session, timeoutMs: number) => Promise<T>,
    onConflict?: (actual: number) => KvringError,
  ): Promise<T> {
    const { attempts, timeoutMs } = this.#options;
    return attempts.run(
      {
        what,
        part: "state",
        timeoutMs,
        onFailure(failure) {
          if (failure.kind === "conflict") return onConflict?.(failure.actual);
          if (failure.kind !== "full") return undefined;
          return new KvringError("QUEUE_FULL", `${what}: the registry is full: ${failure.why}`);
        },
      },
      operate,
    );
  }
}
