import type { Clock } from "@kvring/core";
import type { Subscription } from "nats";
import { Attendance } from "../attendance.ts";
import { announceMs } from "../options.ts";
import type { Announcement, Presence, PresenceKind, Stoppable } from "../ports.ts";
import { headersOf } from "./delivery.ts";
import { guarded } from "./guard.ts";
import type { NatsLink } from "./link.ts";
import type { NatsNames } from "./names.ts";

/** Says that this announcement is the last one. */
const goodbyeHeader = "Kvring-Goodbye";

/** Heartbeats over core NATS. */
export class NatsPresence implements Presence {
  readonly #link: NatsLink;
  readonly #names: NatsNames;
  readonly #clock: Clock;
  readonly #parts = new Set<Stoppable>();

  constructor(link: NatsLink, names: NatsNames, clock: Clock) {
    this.#link = link;
    this.#names = names;
    this.#clock = clock;
  }

  async announce(kind: PresenceKind, id: string, record: Uint8Array): Promise<Announcement> {
    let current = record.slice();
    let asks: Subscription | undefined;
    let cancel = () => {};
    let stopped = false;
    const say = (goodbye = false) => {
      if (stopped) return;
      stopped = goodbye;
      const fields: Record<string, string> = goodbye ? { [goodbyeHeader]: "1" } : {};
      this.#link.current?.nc.publish(this.#names.presenceSubject(kind, id), current, {
        headers: headersOf(fields),
      });
    };
    const beat = () => {
      say();
      cancel = this.#clock.after(announceMs, beat);
    };
    const sessions = this.#link.onSession(({ nc }) => {
      asks?.unsubscribe();
      asks = nc.subscribe(this.#names.presenceAsk(kind), { callback: guarded(() => say()) });
      say();
    });
    cancel = this.#clock.after(announceMs, beat);
    return this.#part({
      update: async (next: Uint8Array) => {
        current = next.slice();
        say();
      },
      stop: async () => {
        cancel();
        asks?.unsubscribe();
        await sessions.stop();
        say(true);
      },
    });
  }

  async watch(
    kind: PresenceKind,
    onChange: (members: ReadonlyMap<string, Uint8Array>) => void,
  ): Promise<Stoppable> {
    const attendance = new Attendance(this.#clock, onChange);
    let heard: Subscription | undefined;
    const losses = this.#link.onLoss(() => attendance.deaf());
    const sessions = this.#link.onSession(({ nc }) => {
      attendance.hearing();
      heard?.unsubscribe();
      heard = nc.subscribe(this.#names.presenceSubjects(kind), {
        callback: guarded((error, msg) => {
          if (error !== null) return;
          const id = this.#names.presenceId(msg.subject);
          if (msg.headers?.has(goodbyeHeader)) attendance.left(id);
          else attendance.heard(id, msg.data);
        }),
      });
      nc.publish(this.#names.presenceAsk(kind));
    });
    return this.#part({
      stop: async () => {
        attendance.stop();
        heard?.unsubscribe();
        await Promise.all([losses.stop(), sessions.stop()]);
      },
    });
  }

  /** Says good-bye for everything that is still announced. */
  async close(): Promise<void> {
    for (const part of [...this.#parts]) await part.stop();
  }

  #part<T extends Stoppable>(part: T): T {
    const stop = part.stop;
    const stoppedOnce: T = {
      ...part,
      stop: async () => {
        if (this.#parts.delete(stoppedOnce)) await stop();
      },
    };
    this.#parts.add(stoppedOnce);
    return stoppedOnce;
  }
}
