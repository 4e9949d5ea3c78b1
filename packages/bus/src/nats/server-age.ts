import type { Log } from "@kvring/core";
import type { Stoppable } from "../ports.ts";
import type { NatsLink } from "./link.ts";

/**
 * Three servers of 2.9.10 or 2.10.27 that were killed and restarted in turn under load left the miss
 * queue without a quorum for 20 s and more within 24 restarts; 44 restarts of 2.15.1 did not
 * (docs/adr-0004-miss-queue.md). What lies between was not tried.
 */
const oldestToTrust = { major: 2, minor: 11 };

/** Tells once when a cluster of NATS servers is one that does not survive what it is there for. */
export function warnOfOldServers(options: {
  readonly link: Pick<NatsLink, "onSession">;
  readonly replicas: number;
  readonly log: Log;
}): Stoppable {
  const { link, replicas, log } = options;
  let isTold = false;
  return link.onSession(({ nc }) => {
    const version = nc.info?.version;
    if (isTold || replicas === 1 || version === undefined || !isOld(version)) return;
    isTold = true;
    log.warn(
      { version },
      "replicated streams of this nats-server may lose their quorum when servers restart in turn; use 2.11 or newer, best 2.15",
    );
  });
}

/** What is no version is not old: a build of somebody's own. */
export function isOld(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(version)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return false;
  if (major !== oldestToTrust.major) return major < oldestToTrust.major;
  return minor < oldestToTrust.minor;
}
