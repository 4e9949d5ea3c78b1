import { defaultCoherenceOptions } from "@kvring/coherence";
import { KvringError, limits } from "@kvring/core";
import { defaultGatewayOptions, type GatewayOptions } from "@kvring/gateway";
import type { Values } from "./settings.ts";
import type { gateway } from "./tables.ts";

/** A lease is renewed this often at least. */
const renewalsPerLease = 5;

/** The options of a gateway from the settings of `kvring up` and `kvring gateway`. */
export function gatewayOptions(
  values: Values<typeof gateway>,
  more: { readonly name: string; readonly isLogOurs: boolean },
): GatewayOptions {
  const waitMs = values.lease;
  const hedge = {
    leastMs: values.hedgeLeast,
    mostMs: values.hedgeMost,
    share: values.hedgeShare / 100,
  };
  if (hedge.leastMs > hedge.mostMs) {
    throw new KvringError(
      "BAD_CONFIG",
      `--hedge-least is ${hedge.leastMs} ms, but must be at most --hedge-most, which is ${hedge.mostMs} ms`,
    );
  }
  return {
    ...defaultGatewayOptions,
    name: more.name,
    listen: values.listen,
    replicas: values.replicas,
    nearCacheBytes: values.nearCache,
    entryTtlMs: Math.min(values.entryTtl, limits.entryTtlMs),
    keepExpiredMs: values.keepExpired,
    requestTimeoutMs: values.requestTimeout,
    inFlight: values.inFlight,
    serverName: values.serverName,
    fastPaths: values.fastPaths,
    evictAfterMs: values.evictAfter,
    hedge,
    stallMs: values.stallAfter,
    leaseWaitMs: values.leaseWait,
    coherence: {
      ...defaultCoherenceOptions,
      terms: { waitMs, drift: values.clockDriftPpm / 1e6 },
      formerWaitMs: values.formerLease,
      renewEveryMs: Math.min(values.leaseRenew, waitMs / renewalsPerLease),
      evictAfterMs: 2 * waitMs,
      isLogOurs: more.isLogOurs,
    },
  };
}
