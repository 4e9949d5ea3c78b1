import type { RequestKey } from "@kvring/core";
import type { NodeLink } from "@kvring/wire";

/**
 * An owner that should have it and does not gets a copy; it may have been down when it was put.
 * How many do.
 */
export function repair(without: readonly NodeLink[], key: RequestKey, entry: Uint8Array): number {
  for (const link of without) {
    link.put({ key, token: undefined, entry: Uint8Array.from(entry), store: true }).catch(() => {});
  }
  return without.length;
}
