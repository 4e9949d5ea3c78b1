import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { KvringError } from "@kvring/core";
import { ensureTool } from "../tools/debian.ts";
import { framed } from "./grpc-frame.ts";
import type { Load } from "./load.ts";
import { quantile } from "./quantile.ts";

const run = promisify(execFile);

/**
 * Closed loop over one message: `clients` connections with `streams` calls under way on each, for a
 * fixed count. Its own CPU time is a fraction of what a generator in Node would take from the
 * servers beside it.
 */
export async function h2load(options: {
  /** host:port */
  readonly address: string;
  /** The request message, without gRPC's frame. */
  readonly message: Uint8Array;
  readonly requests: number;
  readonly clients: number;
  readonly streams: number;
}): Promise<Load> {
  ensureTool("h2load");
  const { requests, clients } = options;
  const directory = await mkdtemp(join(tmpdir(), "kvring-bench-"));
  const body = join(directory, "body");
  const times = join(directory, "times");
  try {
    await writeFile(body, framed(options.message));
    const { stdout } = await run("h2load", [
      ...["-n", String(requests), "-c", String(clients)],
      ...["-m", String(options.streams), "-t", "1", "-d", body],
      // Windows of 1 GiB: what is measured is the server, and not waiting for credit.
      ...["-w", "30", "-W", "30"],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      `--log-file=${times}`,
      `http://${options.address}/inference.GRPCInferenceService/ModelInfer`,
    ]);
    return { ...readReport(stdout, requests), ...(await readTimes(times)) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function readReport(
  report: string,
  requests: number,
): Pick<Load, "requests" | "requestsPerSecond"> {
  const perSecond = /finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(report)?.[1];
  const succeeded = /(\d+) succeeded/.exec(report)?.[1];
  if (perSecond === undefined || Number(succeeded) !== requests) {
    throw new KvringError("INTERNAL", `h2load did not get ${requests} answers:\n${report}`);
  }
  return { requests, requestsPerSecond: Number(perSecond) };
}

/** Lines of start time, status and duration, the times in microseconds. */
async function readTimes(path: string): Promise<Pick<Load, "p50Ms" | "p99Ms">> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const durations = Float64Array.from(lines, (line) => Number(line.split("\t")[2]) / 1000).sort();
  return { p50Ms: quantile(durations, 0.5), p99Ms: quantile(durations, 0.99) };
}
