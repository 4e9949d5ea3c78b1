import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { absent, fingerprintOf } from "../file-reading.ts";
import { configName } from "./config.ts";
import { repositoryRoot } from "./layout.ts";

const maxEntries = 100_000;
const maxDepth = 6;
/** Models are at depth 0 of the repository, their configs and versions at depth 1. */
const versionDepth = 1;

/** What lies in a repository and when it changed, without reading a byte of it. */
export interface Census {
  /** Equal texts: nothing was added, removed or written in between. */
  readonly text: string;
  readonly directories: readonly string[];
  /** False where there is more than a census counts, so that some changes go unseen. */
  readonly complete: boolean;
}

/**
 * Looks at models, their configs, and all that lies in their versions down to six levels, hidden
 * directories excepted. Other files do not count: a log that somebody writes beside the models
 * would keep the repository from ever standing still.
 *
 * Throws BAD_CONFIG when there is no such directory.
 */
export async function takeCensus(dir: string): Promise<Census> {
  const lines: string[] = [];
  const directories: string[] = [];
  let level = [await repositoryRoot(dir)];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const below: string[] = [];
    for (const directory of level) {
      const entries = await entriesOf(directory);
      if (entries === undefined) continue;
      directories.push(directory);
      for (const entry of entries) {
        const path = join(directory, entry.name);
        if (leadsOn(entry, depth)) {
          // Without its times, which tell of files that do not count as well.
          lines.push(path);
          below.push(path);
        } else if (depth > versionDepth || entry.name === configName) {
          lines.push(`${path}\0${await fingerprintOf(path)}`);
        }
      }
      if (lines.length > maxEntries) {
        return { text: lines.join("\n"), directories, complete: false };
      }
    }
    level = below;
  }
  return { text: lines.join("\n"), directories, complete: true };
}

async function entriesOf(directory: string): Promise<Dirent[] | undefined> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(absent);
  return entries?.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Links to models and versions are followed, as in reading; deeper ones could go in circles. */
function leadsOn(entry: Dirent, depth: number): boolean {
  if (entry.name.startsWith(".")) return false;
  return entry.isDirectory() || (entry.isSymbolicLink() && depth <= versionDepth);
}
