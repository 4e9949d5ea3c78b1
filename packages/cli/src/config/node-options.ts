import { defaultNodeOptions, type NodeOptions } from "@kvring/cache-node";
import { KvringError } from "@kvring/core";
import type { Values } from "./settings.ts";
import type { common, node, nodeProcess } from "./tables.ts";

/** What is left for closing sessions and for a snapshot when everything else took its time. */
const closingMs = 2_000;

/** The options of a node from the settings of `kvring node`. */
export function nodeOptions(
  values: Values<typeof nodeProcess & typeof node & Pick<typeof common, "drainTimeout">>,
): NodeOptions {
  const drainMs = values.drainTimeout - closingMs;
  if (values.handoverTimeout > drainMs) {
    throw new KvringError(
      "BAD_CONFIG",
      `--handover-timeout is ${values.handoverTimeout} ms, but must be at most ${drainMs} ms, which is --drain-timeout less 2s: allow more for both`,
    );
  }
  return {
    ...defaultNodeOptions,
    id: values.id,
    zone: values.zone,
    listen: values.listen,
    advertise: values.advertise,
    capacityBytes: values.capacity,
    policy: values.policy,
    lfuAges: values.lfuAgeing,
    replicas: values.replicas,
    drainMs,
    beatMs: values.beat,
    handoverMs: values.handoverTimeout,
    warmMs: values.joinTimeout,
    snapshotDirectory: values.snapshot,
    handoverBytesPerSecond: values.handoverRate,
    handoverEntries: values.handoverEntries,
  };
}
