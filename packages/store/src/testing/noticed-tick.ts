import { tickMs } from "../expiry-wheel.ts";

/**
 * The tick at which an entry that is put now is noticed to have expired: its life decides whether
 * that is at a second, at one of 64, or at one of 4,096. The slow twin of the wheel's levels.
 */
export function noticedTick(expiresAtMs: number, nowMs: number): number {
  const tick = Math.floor(expiresAtMs / tickMs) + 1;
  const span = spanOf(expiresAtMs, nowMs);
  return Math.ceil(tick / span) * span;
}

export function spanOf(expiresAtMs: number, nowMs: number): number {
  const ahead = Math.floor(expiresAtMs / tickMs) + 1 - Math.floor(nowMs / tickMs);
  if (ahead <= 1_022) return 1;
  return ahead <= 1_022 * 64 ? 64 : 4_096;
}
