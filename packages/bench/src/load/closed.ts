import { GrpcSession } from "./grpc-session.ts";
import type { Load } from "./load.ts";
import { quantile } from "./quantile.ts";

/** Closed loop over requests that differ, which h2load cannot send: `lanes` are under way at once. */
export async function closedLoad(options: {
  /** host:port; several are used in turn. */
  readonly addresses: readonly string[];
  readonly requests: number;
  readonly lanes: number;
  readonly message: (index: number) => Uint8Array;
}): Promise<Load> {
  const sessions = await Promise.all(options.addresses.map(GrpcSession.open));
  const ask = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const session = sessions[index % sessions.length];
      session?.call(options.message(index), (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  try {
    return await closedLoop({ ...options, ask });
  } finally {
    for (const session of sessions) session.close();
  }
}

/** As `closedLoad`, over anything that answers. */
export async function closedLoop(options: {
  readonly requests: number;
  readonly lanes: number;
  readonly ask: (index: number) => Promise<unknown>;
}): Promise<Load> {
  const { requests, lanes, ask } = options;
  const durations = new Float64Array(requests);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < requests) {
      const index = next;
      next += 1;
      const startMs = performance.now();
      await ask(index);
      durations[index] = performance.now() - startMs;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - startMs) / 1000;
  durations.sort();
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
  };
}
