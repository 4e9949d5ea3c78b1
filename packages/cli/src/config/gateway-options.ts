import { defaultCoherenceOptions } from "@kvring/coherence";
import { limits } from "@kvring/core";
import { defaultGatewayOptions, type GatewayOptions } from "@kvring/gateway";
import type { Values } from "./settings.ts";
import type { gateway } from "./tables.ts";

/** A lease is renewed this often, and at most every second. */
const renewalsPerLease = 5;

/** The options of a gateway from the settings of `kvring up` and `kvring gateway`. */
export function gatewayOptions(
  values: Values<typeof gateway>,
  more: { readonly name: string; readonly isLogOurs: boolean },
): GatewayOptions {
  const waitMs = values.lease;
  return {
    ...defaultGatewayOptions,
    name: more.name,
    listen: values.listen,
    replicas: values.replicas,
    nearCacheBytes: values.nearCache,
    entryTtlMs: Math.min(values.entryTtl, limits.entryTtlMs),
    requestTimeoutMs: values.requestTimeout,
    inFlight: values.inFlight,
    serverName: values.serverName,
    evictAfterMs: values.evictAfter,
    coherence: {
      ...defaultCoherenceOptions,
      terms: { waitMs, drift: values.clockDriftPpm / 1e6 },
      renewEveryMs: Math.min(defaultCoherenceOptions.renewEveryMs, waitMs / renewalsPerLease),
      evictAfterMs: 2 * waitMs,
      isLogOurs: more.isLogOurs,
    },
  };
}
