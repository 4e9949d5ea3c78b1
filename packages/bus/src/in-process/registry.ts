import type { Registry, RegistryChange, RegistryEntry, Stoppable } from "../ports.ts";
import { closedBus, expectationFailed } from "../refusals.ts";

interface Watcher {
  readonly prefix: string;
  readonly onChange: (change: RegistryChange) => void;
  /** Not yet given. One array per watcher keeps the order; it is emptied in the next microtask. */
  pending: RegistryChange[];
}

export class InProcessRegistry implements Registry {
  readonly #entries = new Map<string, RegistryEntry>();
  readonly #watchers = new Set<Watcher>();
  /** One count for all keys, as in NATS: a key that was deleted and set anew has a new revision. */
  #revision = 0;
  #closed = false;

  async get(key: string): Promise<RegistryEntry | undefined> {
    if (this.#closed) throw closedBus();
    const entry = this.#entries.get(key);
    return entry && copied(entry);
  }

  async put(key: string, value: Uint8Array, expected: number): Promise<number> {
    this.#check(key, expected);
    this.#revision += 1;
    const entry = { value: value.slice(), revision: this.#revision };
    this.#entries.set(key, entry);
    this.#tell(key, () => ({ kind: "set", key, entry: copied(entry) }));
    return entry.revision;
  }

  async delete(key: string, expected: number): Promise<void> {
    this.#check(key, expected);
    if (!this.#entries.delete(key)) return;
    this.#revision += 1;
    this.#tell(key, () => ({ kind: "deleted", key }));
  }

  async watch(prefix: string, onChange: (change: RegistryChange) => void): Promise<Stoppable> {
    if (this.#closed) throw closedBus();
    const present: RegistryChange[] = [];
    for (const [key, entry] of this.#entries) {
      if (key.startsWith(prefix)) present.push({ kind: "set", key, entry: copied(entry) });
    }
    const watcher: Watcher = { prefix, onChange, pending: [] };
    this.#watchers.add(watcher);
    this.#give(watcher, present);
    await Promise.resolve();
    return { stop: async () => void this.#watchers.delete(watcher) };
  }

  close(): void {
    this.#closed = true;
    this.#watchers.clear();
  }

  #check(key: string, expected: number): void {
    if (this.#closed) throw closedBus();
    const actual = this.#entries.get(key)?.revision ?? 0;
    if (actual !== expected) throw expectationFailed(key, expected, actual);
  }

  #tell(key: string, change: () => RegistryChange): void {
    for (const watcher of this.#watchers) {
      if (key.startsWith(watcher.prefix)) this.#give(watcher, [change()]);
    }
  }

  #give(watcher: Watcher, changes: readonly RegistryChange[]): void {
    const asleep = watcher.pending.length === 0;
    watcher.pending.push(...changes);
    if (!asleep) return;
    queueMicrotask(() => {
      const { pending } = watcher;
      watcher.pending = [];
      for (const change of pending) {
        if (this.#watchers.has(watcher)) watcher.onChange(change);
      }
    });
  }
}

function copied(entry: RegistryEntry): RegistryEntry {
  return { value: entry.value.slice(), revision: entry.revision };
}
