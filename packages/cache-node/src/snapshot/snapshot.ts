import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, KvringError, type Log } from "@kvring/core";
import type { Entries } from "../entries.ts";
import { readSnapshot, SnapshotWriter } from "./snapshot-file.ts";

export interface SnapshotParts {
  readonly directory: string;
  /** The node's id: several nodes may share a directory. */
  readonly id: string;
  readonly entries: Entries;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds since 1970: the only clock that goes on while no process runs. */
  readonly wallMs: () => number;
}

const keyBytes = 32;
/** More than any node has. */
const allEntries = 2 ** 31;

/**
 * Writes what the node has, in place of the snapshot before; in `withinMs`, or not at all. Never
 * throws: a node that cannot write one ends all the same, and starts without.
 */
export async function saveSnapshot(parts: SnapshotParts, withinMs: number): Promise<void> {
  const { directory, entries, clock, log, wallMs } = parts;
  const path = pathOf(parts);
  const draft = `${path}.draft`;
  const untilMs = clock.nowMs() + withinMs;
  try {
    await mkdir(directory, { recursive: true });
    const file = await open(draft, "w", 0o600);
    let count = 0;
    try {
      const writer = new SnapshotWriter(file, wallMs());
      const keys = entries.hottestKeys(allEntries);
      // The hottest last: who takes in less keeps those.
      for (let at = keys.length - keyBytes; at >= 0; at -= keyBytes) {
        const key = keys.subarray(at, at + keyBytes);
        const entry = entries.copy(key);
        if (entry === undefined) continue;
        await writer.add(key, entry);
        count += 1;
        if (clock.nowMs() > untilMs) throw tooSlow(withinMs);
      }
      await writer.finish();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    log.info({ path, entries: count }, "a snapshot was written");
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    log.warn({ path, why: KvringError.from(error).message }, "no snapshot could be written");
  }
}

/**
 * Takes in what the last run wrote, older by the time that has passed since. Whatever is wrong with
 * the file, the node starts empty and says why. Entries keep their `born`, so what was invalidated
 * meanwhile, or belongs to another life of the log, is not given to anybody.
 */
export async function loadSnapshot(parts: SnapshotParts): Promise<void> {
  const { entries, log, wallMs } = parts;
  const path = pathOf(parts);
  let taken = 0;
  let elapsedMs = 0;
  try {
    const file = await open(path, "r");
    try {
      const found = await readSnapshot(
        file,
        (savedMs) => {
          elapsedMs = elapsedSince(savedMs, wallMs());
        },
        (key, entry) => {
          if (entries.restore(key, Uint8Array.from(entry), elapsedMs)) taken += 1;
        },
      );
      log.info({ path, entries: taken, outdated: found - taken }, "a snapshot was taken in");
    } finally {
      await file.close();
    }
  } catch (error) {
    entries.clear();
    if (isAbsent(error)) return;
    const why = KvringError.from(error).message;
    log.warn({ path, why }, "the snapshot is refused, and the node starts empty");
  }
}

function pathOf({ directory, id }: SnapshotParts): string {
  return join(directory, `${id}.kvring-snapshot`);
}

/** A clock that was set back would give entries a longer life than they were to have. */
function elapsedSince(savedMs: number, nowMs: number): number {
  const elapsedMs = nowMs - savedMs;
  if (elapsedMs >= 0) return elapsedMs;
  throw new KvringError(
    "ENTRY_MALFORMED",
    "it was written later than now, by this machine's clock: how old its entries are is unknown",
  );
}

function tooSlow(withinMs: number): KvringError {
  return new KvringError("DEADLINE_EXCEEDED", `it would take longer than ${withinMs} ms`);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
