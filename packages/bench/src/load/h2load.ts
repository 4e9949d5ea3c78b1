import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { KvringError } from "@kvring/core";
import type { Load } from "./load.ts";
import { quantile } from "./quantile.ts";

const run = promisify(execFile);

/** Finds h2load, or installs it where that is Debian's and ours to do. Says what to do elsewhere. */
export function ensureH2load(): void {
  if (isInstalled()) return;
  const mayInstall = existsSync("/usr/bin/apt-get") && process.getuid?.() === 0;
  if (mayInstall) {
    process.stderr.write("installing nghttp2-client, for h2load\n");
    execFileSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "nghttp2-client"], {
      stdio: "ignore",
    });
  }
  if (isInstalled()) return;
  throw new KvringError(
    "BAD_CONFIG",
    "the benchmark needs h2load on the PATH: install nghttp2-client (Debian) or nghttp2",
  );
}

function isInstalled(): boolean {
  try {
    execFileSync("h2load", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Closed loop: `clients` connections with `streams` calls under way on each, for a fixed count. */
export async function h2load(options: {
  /** host:port */
  readonly address: string;
  /** The request message, without gRPC's frame. */
  readonly message: Uint8Array;
  readonly requests: number;
  readonly clients: number;
  readonly streams: number;
}): Promise<Load> {
  const directory = await mkdtemp(join(tmpdir(), "kvring-bench-"));
  const body = join(directory, "body");
  const times = join(directory, "times");
  try {
    await writeFile(body, framed(options.message));
    const { stdout } = await run("h2load", [
      ...["-n", String(options.requests), "-c", String(options.clients)],
      ...["-m", String(options.streams), "-t", "1", "-d", body],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      `--log-file=${times}`,
      `http://${options.address}/inference.GRPCInferenceService/ModelInfer`,
    ]);
    return { ...readReport(stdout, options.requests), ...(await readTimes(times)) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One byte "not compressed", four bytes length, the message. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function readReport(report: string, expected: number): Pick<Load, "requestsPerSecond"> {
  const perSecond = /finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(report)?.[1];
  const succeeded = /(\d+) succeeded/.exec(report)?.[1];
  if (perSecond === undefined || Number(succeeded) !== expected) {
    throw new KvringError("INTERNAL", `h2load did not get ${expected} answers:\n${report}`);
  }
  return { requestsPerSecond: Number(perSecond) };
}

/** Lines of start time, status and duration, the times in microseconds. */
async function readTimes(path: string): Promise<Pick<Load, "p50Ms" | "p99Ms">> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const durations = Float64Array.from(lines, (line) => Number(line.split("\t")[2]) / 1000).sort();
  return { p50Ms: quantile(durations, 0.5), p99Ms: quantile(durations, 0.99) };
}
