import { type FSWatcher, watch } from "node:fs";

/** The kernel gives a user 8,192 watches or more; beyond this many, polling has to do. */
const maxWatches = 1024;

/**
 * Asks the kernel to tell of changes in a set of directories. It only ever shortens the wait for
 * the next look: network file systems tell nothing, watches run out, and events get lost.
 */
export class DirectoryWatches {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onEvent: () => void;

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent;
  }

  /** Watches these directories and no others. */
  follow(directories: readonly string[]): void {
    const wanted = new Set(directories.slice(0, maxWatches));
    for (const directory of this.#watchers.keys()) {
      if (!wanted.has(directory)) this.#drop(directory);
    }
    for (const directory of wanted) {
      if (!this.#watchers.has(directory)) this.#add(directory);
    }
  }

  close(): void {
    this.follow([]);
  }

  #add(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false });
      watcher.on("change", this.#onEvent);
      // A directory that was removed, or replaced under its name: watched anew at the next look.
      watcher.on("error", () => this.#drop(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // Out of watches, or gone already: polling sees what this one would have.
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}
