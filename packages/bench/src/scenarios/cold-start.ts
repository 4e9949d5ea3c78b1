import { join } from "node:path";
import { kvringScript, startServer } from "@kvring/cli/testing";
import { GrpcSession } from "../load/grpc-session.ts";
import type { Load } from "../load/load.ts";
import type { Usage } from "../report/summary.ts";
import { type Contestant, contest } from "../system/contest.ts";
import { digitRequest } from "../system/models.ts";
import { cpuMs, memoryMb } from "../system/usage.ts";
import type { Scenario } from "./scenario.ts";

/** From nothing to the first answer: a whole cluster in one process, which computes it, and a bare echo. */
export const coldStart: Scenario = (_laboratory, effort) => {
  const echo = join(import.meta.dirname, "../peers/echo.ts");
  const up = ["up", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  return contest("cold-start", effort, [
    starting("grpc-js echo", echo, ["200"]),
    starting("kvring up", kvringScript, up),
  ]);
};

function starting(system: string, script: string, args: readonly string[]): Contestant {
  return { system, pids: [], burst: () => firstAnswer(script, args) };
}

async function firstAnswer(script: string, args: readonly string[]): Promise<Load & Usage> {
  const startMs = performance.now();
  const server = await startServer(script, args);
  try {
    const session = await GrpcSession.open(server.addresses["grpc"] ?? "");
    await new Promise<void>((resolve, reject) => {
      session.call(digitRequest(0), (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    const tookMs = performance.now() - startMs;
    session.close();
    return {
      ...{ requests: 1, requestsPerSecond: 1000 / tookMs, p50Ms: tookMs, p99Ms: tookMs },
      cpuUsPerRequest: cpuMs([server.pid]) * 1000,
      memoryMb: memoryMb([server.pid]),
    };
  } finally {
    await server.kill();
  }
}
