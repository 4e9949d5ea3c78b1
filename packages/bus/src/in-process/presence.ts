import type { Announcement, Presence, PresenceKind, Stoppable } from "../ports.ts";

type OnChange = (members: ReadonlyMap<string, Uint8Array>) => void;

interface Kind {
  readonly members: Map<string, { readonly record: Uint8Array }>;
  readonly watchers: Set<OnChange>;
}

/**
 * Nobody falls silent within one process: who is announced is there until it says good-bye, and
 * there are no heartbeats to send or to miss.
 */
export class InProcessPresence implements Presence {
  readonly #kinds: Readonly<Record<PresenceKind, Kind>> = {
    gateway: { members: new Map(), watchers: new Set() },
    node: { members: new Map(), watchers: new Set() },
    worker: { members: new Map(), watchers: new Set() },
  };
  readonly #changed = new Set<PresenceKind>();

  async announce(kind: PresenceKind, id: string, record: Uint8Array): Promise<Announcement> {
    const { members } = this.#kinds[kind];
    let mine = { record: record.slice() };
    members.set(id, mine);
    this.#change(kind);
    return {
      update: async (next) => {
        if (members.get(id) !== mine) return;
        mine = { record: next.slice() };
        members.set(id, mine);
        this.#change(kind);
      },
      stop: async () => {
        // A successor under the same id stays.
        if (members.get(id) !== mine) return;
        members.delete(id);
        this.#change(kind);
      },
    };
  }

  async watch(kind: PresenceKind, onChange: OnChange): Promise<Stoppable> {
    const { members, watchers } = this.#kinds[kind];
    watchers.add(onChange);
    if (members.size > 0) this.#change(kind);
    return { stop: async () => void watchers.delete(onChange) };
  }

  close(): void {
    for (const { watchers } of Object.values(this.#kinds)) watchers.clear();
  }

  /** All changes of one turn are one call. */
  #change(kind: PresenceKind): void {
    if (this.#changed.has(kind)) return;
    this.#changed.add(kind);
    setImmediate(() => {
      this.#changed.delete(kind);
      const { members, watchers } = this.#kinds[kind];
      for (const onChange of watchers) {
        onChange(new Map([...members].map(([id, { record }]) => [id, record.slice()])));
      }
    });
  }
}
