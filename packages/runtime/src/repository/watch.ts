import { type Clock, KvringError, type Log, silentLog, systemClock } from "@kvring/core";
import type { RepositorySnapshot } from "../api.ts";
import { takeCensus } from "./census.ts";
import { DirectoryWatches } from "./directory-watches.ts";
import { readRepository } from "./repository.ts";

export interface WatchOptions {
  /** What is served already; without it the first reading is a change. */
  readonly previous?: RepositorySnapshot;
  /** Called with what the repository now holds, one call at a time. */
  readonly onChange: (snapshot: RepositorySnapshot) => void;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Between two looks when the kernel tells of nothing. */
  readonly pollMs?: number;
  /** How long the repository must have stood still before a change is taken. */
  readonly settleMs?: number;
}

/**
 * Reads a repository, as a first change before this resolves, and follows it on disk. A model that is being copied in is half a model for a while, so a
 * change is taken only when two looks, `settleMs` apart, have found the same files with the same
 * sizes and times. A repository that disappears later keeps being served as it was.
 *
 * Throws BAD_CONFIG when there is no such directory.
 */
export async function watchRepository(
  dir: string,
  options: WatchOptions,
): Promise<{ stop(): Promise<void> }> {
  const watch = new RepositoryWatch(dir, options);
  await watch.start();
  return watch;
}

/** What has been seen on disk, against what is served. */
type Sight =
  | { readonly step: "unseen" }
  /** Something changed, and may still be changing. */
  | { readonly step: "settling"; readonly text: string }
  | { readonly step: "taken"; readonly text: string }
  | { readonly step: "lost"; readonly why: string };

export class RepositoryWatch {
  readonly #dir: string;
  readonly #onChange: (snapshot: RepositorySnapshot) => void;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #settleMs: number;
  readonly #watches = new DirectoryWatches(() => this.#hint());
  #served: RepositorySnapshot | undefined;
  #sight: Sight = { step: "unseen" };
  #stopped = false;
  #cancelLook: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #hinted = false;

  constructor(dir: string, options: WatchOptions) {
    this.#dir = dir;
    this.#served = options.previous;
    this.#onChange = options.onChange;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#pollMs = options.pollMs ?? 5_000;
    this.#settleMs = options.settleMs ?? 500;
  }

  /** What is only half there by now is rejected, and taken when it has settled. */
  async start(): Promise<void> {
    this.#serve(await readRepository(this.#dir, this.#served));
    this.#lookIn(this.#settleMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelLook();
    this.#watches.close();
    await this.#looking;
  }

  /** One look at the disk. Rejects never. */
  async look(): Promise<void> {
    try {
      const { text, directories, complete } = await takeCensus(this.#dir);
      if (this.#stopped) return;
      this.#watches.follow(directories);
      if (!complete) this.#log.warn({ dir: this.#dir }, "too many files: some changes go unseen");
      await this.#see(text);
    } catch (error) {
      this.#lose(KvringError.from(error).message);
    }
  }

  async #see(text: string): Promise<void> {
    const sight = this.#sight;
    if (sight.step === "taken" && sight.text === text) return;
    if (sight.step !== "settling" || sight.text !== text) {
      this.#sight = { step: "settling", text };
      return;
    }
    const snapshot = await readRepository(this.#dir, this.#served);
    this.#sight = { step: "taken", text };
    if (!this.#stopped) this.#serve(snapshot);
  }

  #serve(snapshot: RepositorySnapshot): void {
    const changed = this.#served === undefined || !isSame(snapshot, this.#served);
    // Taken over even when nothing changed: it knows which files need not be read again.
    this.#served = snapshot;
    if (!changed) return;
    const { models, rejected } = snapshot;
    const fields = { dir: this.#dir, models: models.length, rejected };
    this.#log.info(fields, "the model repository was read");
    try {
      this.#onChange(snapshot);
    } catch (error) {
      this.#log.error({ dir: this.#dir, error }, "a change of the model repository was not taken");
    }
  }

  #lose(why: string): void {
    const news = this.#sight.step !== "lost" || this.#sight.why !== why;
    this.#sight = { step: "lost", why };
    if (news) this.#log.error({ dir: this.#dir, why }, "the model repository cannot be followed");
  }

  /** The kernel told of a change. While one is settling, the next look is due soon anyway. */
  #hint(): void {
    // Only the first one counts: a file that is written all the time must not put off every look.
    if (this.#hinted) return;
    // In the middle of a look it may have come too late for that look, so another must follow.
    this.#hinted = true;
    if (!this.#isLooking && this.#sight.step === "taken") this.#lookIn(this.#settleMs);
  }

  #lookIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelLook();
    this.#cancelLook = this.#clock.after(delayMs, () => {
      this.#hinted = false;
      this.#isLooking = true;
      this.#looking = this.look().then(() => {
        this.#isLooking = false;
        const soon = this.#hinted || this.#sight.step === "settling";
        this.#lookIn(soon ? this.#settleMs : this.#pollMs);
      });
    });
  }
}

function isSame(a: RepositorySnapshot, b: RepositorySnapshot): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
