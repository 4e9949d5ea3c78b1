import { KvringClient } from "@kvring/client";
import type { Load } from "./load.ts";
import { quantile } from "./quantile.ts";

/** Closed loop over requests that differ, which h2load cannot send. */
export async function uniqueLoad(options: {
  readonly address: string;
  readonly requests: number;
  readonly lanes: number;
  readonly message: (index: number) => Uint8Array;
}): Promise<Load> {
  const { address, requests, lanes, message } = options;
  const client = new KvringClient(address);
  const durations = new Float64Array(requests);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < requests) {
      const index = next;
      next += 1;
      const startMs = performance.now();
      await client.inferRaw(message(index));
      durations[index] = performance.now() - startMs;
    }
  };
  const startMs = performance.now();
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    client.close();
  }
  const seconds = (performance.now() - startMs) / 1000;
  durations.sort();
  return {
    requestsPerSecond: requests / seconds,
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
  };
}
