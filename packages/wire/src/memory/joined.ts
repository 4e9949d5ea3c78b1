import type { Memory } from "./large-buffers.ts";

/** One piece as it is; several, of `bytes` in all, together in memory of their own. */
export function joined(pieces: readonly Uint8Array[], bytes: number, memory: Memory): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const whole = memory.take(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
