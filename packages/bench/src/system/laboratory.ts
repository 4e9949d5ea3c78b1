import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerProcess } from "@kvring/cli/testing";
import { type BenchCluster, startCluster } from "./cluster.ts";
import { layOutModels } from "./models.ts";
import type { System } from "./system.ts";

/** What scenarios run on: started when first asked for, shared, and stopped in the end. */
export class Laboratory {
  readonly #systems = new Map<string, Promise<System>>();
  #cluster: Promise<BenchCluster> | undefined;
  #directory: Promise<string> | undefined;

  /** The model repository of all clusters here. */
  models(): Promise<string> {
    this.#directory ??= mkdtemp(join(tmpdir(), "kvring-bench-")).then(async (directory) => {
      await layOutModels(directory);
      return directory;
    });
    return this.#directory;
  }

  /** One node, one worker, and gateways as they are asked for. */
  cluster(): Promise<BenchCluster> {
    this.#cluster ??= this.models().then((models) => startCluster({ nodes: 1, models }));
    return this.#cluster;
  }

  /** A gateway of the cluster; with a near cache of 0 every hit is a node's. */
  gateway(name: string, nearCache: "64MiB" | "0"): Promise<System> {
    return this.system(`kvring, ${name}`, async () => {
      const cluster = await this.cluster();
      const gateway = await cluster.startGateway(name, nearCache);
      return this.#through(`kvring, ${name}`, cluster, gateway);
    });
  }

  /** A peer, one for each name. */
  system(name: string, start: () => Promise<System>): Promise<System> {
    const started = this.#systems.get(name) ?? start();
    this.#systems.set(name, started);
    return started;
  }

  async close(): Promise<void> {
    const systems = await Promise.allSettled(this.#systems.values());
    for (const system of systems) if (system.status === "fulfilled") await system.value.stop();
    await (await this.#cluster)?.stop();
    if (this.#directory !== undefined) {
      await rm(await this.#directory, { recursive: true, force: true });
    }
  }

  #through(name: string, cluster: BenchCluster, gateway: ServerProcess): System {
    return {
      name,
      address: gateway.addresses["grpc"] ?? "",
      pids: [gateway.pid, ...cluster.pids],
      stop: async () => {
        await gateway.stop();
      },
    };
  }
}
