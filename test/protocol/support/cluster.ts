import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kvringScript, type ServerProcess, startServer } from "@kvring/cli/testing";
import { type FixtureName, writeFixtureRepository } from "@kvring/models";
import "./compile-cache.ts";
import { PlainClient } from "./plain-client.ts";

/** `kvring up` over a repository of its own, on free ports, and a client of it. */
export interface Cluster {
  readonly server: ServerProcess;
  readonly client: PlainClient;
  readonly grpc: string;
  readonly http: string;
  readonly models: string;
  stop(): Promise<void>;
}

export async function startCluster(
  fixtures: readonly FixtureName[],
  options: {
    /** Changes the repository before it is served. */
    readonly prepare?: (models: string) => Promise<void>;
    readonly flags?: readonly string[];
  } = {},
): Promise<Cluster> {
  const models = await mkdtemp(join(tmpdir(), "kvring-protocol-"));
  try {
    await writeFixtureRepository(models, fixtures);
    await options.prepare?.(models);
    const server = await startServer(kvringScript, [
      ...["up", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--models", models],
      ...(options.flags ?? []),
    ]);
    const grpc = server.addresses["grpc"] ?? "";
    const client = new PlainClient(grpc);
    const stop = async (): Promise<void> => {
      client.close();
      await server.stop();
      await rm(models, { recursive: true, force: true });
    };
    return { server, client, grpc, http: server.addresses["http"] ?? "", models, stop };
  } catch (error) {
    await rm(models, { recursive: true, force: true });
    throw error;
  }
}
