import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServer } from "@kvring/bus/testing";
import { type ServerProcess, startServer } from "./process.ts";

const kvring = join(import.meta.dirname, "../../../cli/src/main.ts");

/** Separate processes, as one would deploy them: NATS, a gateway, nodes and a worker. */
export interface BenchCluster {
  /** host:port of the gateway. */
  readonly address: string;
  /** Every process of kvring, for CPU time. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export async function startCluster(options: {
  readonly nodes: number;
  /** "0" switches it off, so that every hit is a node's. */
  readonly nearCache: string;
  readonly models: string;
}): Promise<BenchCluster> {
  const nats = await startNatsServer();
  const running: ServerProcess[] = [];
  const common = ["--nats", nats.url, "--log-level", "error", "--http", "127.0.0.1:0"];
  const start = async (...args: string[]): Promise<ServerProcess> => {
    const server = await startServer(kvring, [...args, ...common]);
    running.unshift(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    for (const server of running) await server.stop();
    await nats.stop();
  };
  try {
    for (let index = 1; index <= options.nodes; index += 1) {
      await start("node", "--id", `node-${index}`, "--listen", "127.0.0.1:0");
    }
    await start("worker", "--models", options.models);
    const gateway = await start(
      ...["gateway", "--listen", "127.0.0.1:0", "--near-cache", options.nearCache],
    );
    await waitUntilReady(gateway.addresses["http"] ?? "");
    return {
      address: gateway.addresses["grpc"] ?? "",
      pids: running.map(({ pid }) => pid),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitUntilReady(http: string): Promise<void> {
  const untilMs = performance.now() + 30_000;
  for (;;) {
    const response = await fetch(`http://${http}/readyz`);
    if (response.ok) return;
    if (performance.now() > untilMs) throw new Error(`not ready: ${await response.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A directory that is gone when `use` has ended. */
export async function withTemporaryDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), "kvring-bench-"));
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
