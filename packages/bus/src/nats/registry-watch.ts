import { type Clock, KvringError, type Log } from "@kvring/core";
import { DeliverPolicy } from "nats";
import type { RegistryChange, RegistryEntry, Stoppable } from "../ports.ts";
import { closedBus } from "../refusals.ts";
import { isGone } from "./delivery.ts";
import { type Followed, Follower } from "./follower.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";
import type { Session } from "./session.ts";

export interface RegistryWatchOptions {
  readonly prefix: string;
  readonly onChange: (change: RegistryChange) => void;
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly names: NatsNames;
  ensure(session: Session): Promise<void>;
  onStop(): void;
}

/**
 * One watcher of the registry. Each consumer begins with the last value of every key, which is
 * compared with what the watcher knows: so a bucket that was changed, deleted or re-created while
 * nobody could look leads to the same calls as if he had looked.
 */
export class RegistryWatch implements Stoppable {
  readonly #options: RegistryWatchOptions;
  readonly #follower: Follower;
  readonly #known = new Map<string, RegistryEntry>();
  /** The keys met since the present consumer began; undefined once it told all there were. */
  #met: Set<string> | undefined = new Set();
  readonly #ready = Promise.withResolvers<void>();

  constructor(options: RegistryWatchOptions) {
    this.#options = options;
    const { link, clock, log, names } = options;
    this.#ready.promise.catch(() => {});
    this.#follower = new Follower({
      link,
      clock,
      log,
      stream: names.stateStream,
      begin: async (session, isCurrent) => {
        await options.ensure(session);
        if (isCurrent()) this.#met = new Set();
        return {
          deliver_policy: DeliverPolicy.LastPerSubject,
          filter_subject: names.stateSubjects,
        };
      },
      onMessage: (message) => this.#receive(message),
      onCaughtUp: () => this.#caughtUp(),
    });
  }

  /** Throws BUS_UNAVAILABLE. */
  ready(timeoutMs: number): Promise<void> {
    const late = () =>
      new KvringError("BUS_UNAVAILABLE", `the registry could not be read within ${timeoutMs} ms`);
    const cancel = this.#options.clock.after(timeoutMs, () => this.#ready.reject(late()));
    return this.#ready.promise.finally(cancel);
  }

  async stop(): Promise<void> {
    this.#ready.reject(closedBus());
    this.#options.onStop();
    await this.#follower.stop();
  }

  #receive({ subject, body, operation, delivery }: Followed): void {
    const key = this.#options.names.stateKey(subject);
    if (!key.startsWith(this.#options.prefix)) return;
    if (isGone(operation)) {
      this.#gone(key);
      return;
    }
    this.#met?.add(key);
    const entry = { value: body, revision: delivery.streamSequence };
    const known = this.#known.get(key);
    if (known?.revision === entry.revision && Buffer.compare(known.value, body) === 0) return;
    this.#known.set(key, entry);
    this.#options.onChange({ kind: "set", key, entry: { ...entry, value: body.slice() } });
  }

  #caughtUp(): void {
    const met = this.#met;
    if (met === undefined) return;
    this.#met = undefined;
    for (const key of this.#known.keys()) if (!met.has(key)) this.#gone(key);
    this.#ready.resolve();
  }

  #gone(key: string): void {
    if (this.#known.delete(key)) this.#options.onChange({ kind: "deleted", key });
  }
}
