import type { Clock, Log } from "@kvring/core";
import type { CacheNode } from "./cache-node.ts";
import type { Handovers } from "./handover/handovers.ts";
import type { Membership } from "./membership/membership.ts";
import { type SnapshotParts, saveSnapshot } from "./snapshot/snapshot.ts";

/** Gateways hear of a ring within milliseconds; who does not in this time finds us gone. */
const hearingMs = 1_000;
const pollMs = 10;
/** Also where everything else has taken its time. */
const leastSnapshotMs = 1_500;

/**
 * How a node goes without anybody noticing. First the ring says that it drains: keys belong to
 * others, who are given what is here, and read here what they miss. When every gateway routes by
 * that ring, nothing new begins here; what is under way ends. Only then it leaves the ring, and
 * waits until no gateway holds on to it. Whether nothing that was under way here was cut off.
 */
export async function leaveGracefully(parts: {
  readonly node: CacheNode;
  readonly membership: Membership;
  readonly handovers: Handovers;
  readonly snapshot: SnapshotParts | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: { readonly drainMs: number; readonly handoverMs: number };
}): Promise<boolean> {
  const { node, membership, handovers, snapshot, clock, log, options } = parts;
  const startMs = clock.nowMs();
  const leftMs = (): number => Math.max(0, startMs + options.drainMs - clock.nowMs());
  const until = (holds: () => boolean, mostMs: number): Promise<boolean> =>
    poll(clock, holds, Math.min(mostMs, leftMs()));
  let isIdle: boolean;
  const ring = await membership.drain();
  if (ring !== undefined) {
    await until(() => node.isFollowed(ring), hearingMs);
    const given = until(() => handovers.settledVersion >= ring, options.handoverMs);
    isIdle = await node.drain(leftMs());
    if (!(await given) && options.handoverMs > 0) {
      log.warn({ handoverMs: options.handoverMs }, "not every entry could be given away in time");
    }
  } else {
    isIdle = await node.drain(leftMs());
  }
  handovers.stop();
  await membership.leave();
  await until(() => node.routers === 0, hearingMs);
  await membership.stop();
  if (snapshot !== undefined) await saveSnapshot(snapshot, Math.max(leftMs(), leastSnapshotMs));
  return isIdle;
}

async function poll(clock: Clock, holds: () => boolean, mostMs: number): Promise<boolean> {
  const untilMs = clock.nowMs() + mostMs;
  while (!holds()) {
    if (clock.nowMs() >= untilMs) return false;
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
  return true;
}
