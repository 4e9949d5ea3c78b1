import { setTimeout as pause } from "node:timers/promises";
import type { JetStreamClient, JetStreamManager, NatsConnection } from "nats";

/**
 * One uninterrupted time with the server. A reconnect begins another: whatever was known of the
 * server's streams and consumers may have changed meanwhile, so what is cached is cached under the
 * session it was learned in.
 */
export interface Session {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
}

/** A lost answer costs this much before the next attempt; a leader's death takes about ten. */
export const attemptMs = 500;
/** Creating a replicated stream takes longer than using it. */
const manageMs = 2_000;

export async function openSession(nc: NatsConnection): Promise<Session> {
  const js = nc.jetstream({ timeout: attemptMs });
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: manageMs });
  return Object.freeze({ nc, js, jsm });
}

const flushMs = 500;

/** The server has taken in all that was sent to it, or is not worth waiting for. */
export async function flushed(nc: NatsConnection): Promise<void> {
  const timer = new AbortController();
  const late = pause(flushMs, undefined, { ref: false, signal: timer.signal });
  await Promise.race([nc.flush(), late]).catch(() => {});
  timer.abort();
  await late.catch(() => {});
}
