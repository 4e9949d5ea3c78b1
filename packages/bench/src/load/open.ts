import { KvringError } from "@kvring/core";
import { GrpcSession } from "./grpc-session.ts";
import type { Load } from "./load.ts";
import { quantile } from "./quantile.ts";

/** More than that under way, and the rate is beyond what the system can do. */
const mostUnderWay = 10_000;

/**
 * Open loop: requests are sent at a fixed rate, whether or not earlier ones were answered, and a
 * latency counts from the moment a request was due. So a system that stalls is charged for
 * everybody who came meanwhile, where a closed loop would have waited politely ("coordinated
 * omission", Tene).
 */
export async function openLoad(options: {
  /** host:port */
  readonly address: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly message: (index: number) => Uint8Array;
}): Promise<Load> {
  const { address, perSecond, seconds, message } = options;
  const requests = Math.round(perSecond * seconds);
  const session = await GrpcSession.open(address);
  const durations = new Float64Array(requests);
  const startMs = performance.now();
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      let answered = 0;
      const send = (index: number): void => {
        const dueMs = startMs + (index * 1000) / perSecond;
        session.call(message(index), (error) => {
          if (error !== undefined) {
            sent = requests;
            reject(error);
          }
          durations[index] = performance.now() - dueMs;
          answered += 1;
          if (answered === requests) resolve();
        });
      };
      const turn = (): void => {
        const due = Math.min(
          requests,
          Math.floor(((performance.now() - startMs) * perSecond) / 1000) + 1,
        );
        while (sent < due) send(sent++);
        if (sent - answered > mostUnderWay) reject(overrun(perSecond));
        else if (sent < requests) setTimeout(turn, 1);
      };
      turn();
    });
  } finally {
    session.close();
  }
  const tookSeconds = (performance.now() - startMs) / 1000;
  durations.sort();
  return {
    requests,
    requestsPerSecond: requests / tookSeconds,
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
  };
}

function overrun(perSecond: number): KvringError {
  return new KvringError(
    "INTERNAL",
    `${mostUnderWay} requests are under way: ${perSecond} per second is more than can be answered`,
  );
}
