import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@kvring/cli/testing";
import { writeFixtureRepository } from "@kvring/models";
import { type ComposeService, readComposeFile } from "./compose-file.ts";
import { type Container, startContainer } from "./container.ts";
import { createDataNetwork, type DataNetwork, removeLeftovers } from "./data-network.ts";
import { createNetworkFaults, type NetworkFaults } from "./network-faults.ts";

const composeFile = join(import.meta.dirname, "../../../deploy/compose.yaml");

export const ports = { gateway: 8001, node: 8101, http: 8080, nats: 4222, natsHttp: 8222 } as const;

const firstAddress = { nats: 11, gateway: 21, node: 31, worker: 51 } as const;
type Kind = keyof typeof firstAddress;

/** Longer than NATS needs for a new leader, and shorter than the default, which is 15 s. */
export const leaseMs = 10_000;

const logLevel = process.env["KVRING_CHAOS_LOG_LEVEL"] ?? "info";

/** What a test needs and a deployment would not have. */
const overlays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "gateway-1": { KVRING_LEASE: `${leaseMs}ms` },
  // Without a near cache, so that half of all hits need the nodes.
  "gateway-2": { KVRING_LEASE: `${leaseMs}ms`, KVRING_NEAR_CACHE: "0" },
};

/** The cluster of `deploy/compose.yaml`, in containers of its own. */
export class Cluster {
  readonly faults: NetworkFaults = createNetworkFaults();
  readonly #services: Readonly<Record<string, ComposeService>>;
  readonly #network: DataNetwork;
  readonly #models: string;
  readonly #members: Record<Kind, Container[]> = { nats: [], gateway: [], node: [], worker: [] };
  #nodesStarted = 0;

  private constructor(network: DataNetwork, models: string) {
    this.#network = network;
    this.#models = models;
    this.#services = readComposeFile(composeFile, {
      KVRING_MODELS: models,
      KVRING_CAPACITY: "64MiB",
    });
  }

  /** Resolves when every gateway can be asked. */
  static async start(): Promise<Cluster> {
    await removeLeftovers();
    const models = await mkdtemp(join(tmpdir(), "kvring-chaos-models-"));
    await writeFixtureRepository(models, ["burn", "sum-difference"]);
    // The containers' user is another one.
    await chmod(models, 0o755);
    const cluster = new Cluster(await createDataNetwork(), models);
    try {
      await cluster.#startAll();
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nats(): readonly Container[] {
    return this.#members.nats;
  }

  get gateways(): readonly Container[] {
    return this.#members.gateway;
  }

  get nodes(): readonly Container[] {
    return this.#members.node;
  }

  get workers(): readonly Container[] {
    return this.#members.worker;
  }

  get all(): readonly Container[] {
    return Object.values(this.#members).flat();
  }

  get natsUrls(): readonly string[] {
    return this.nats.map(({ address }) => `nats://${address}:${ports.nats}`);
  }

  /** One more node, with other settings if they are given. */
  async addNode(environment: Readonly<Record<string, string>> = {}): Promise<Container> {
    this.#nodesStarted += 1;
    const node = await this.#start("node", "node", this.#nodesStarted, environment);
    this.#members.node.push(node);
    return node;
  }

  /** Asks a node to leave, and removes its container; tells its exit code. */
  async removeNode(node: Container): Promise<number> {
    const exitCode = await node.stop();
    await node.remove();
    this.#members.node = this.#members.node.filter((other) => other !== node);
    return exitCode;
  }

  /** Ends all faults and runs everything; resolves when all is as after the start. */
  async heal(): Promise<void> {
    await Promise.all(
      this.all.map(async (container) => {
        await container.unpause().catch(() => {});
        if (!(await container.isRunning())) await container.start();
        await container.limitCpu(undefined);
        await this.faults.heal(container);
      }),
    );
    await this.ready();
  }

  /**
   * Resolves when every NATS server has what the others have, every worker computes, and every
   * gateway is ready and linked to every node. Who restarts servers one by one waits for this: two
   * of three that are behind can leave a stream or consumer without a leader.
   */
  async ready(): Promise<void> {
    const nodes = this.nodes.length;
    for (const server of this.nats) await eventually(() => whyNotOk(server, healthOf.nats));
    for (const worker of this.workers) await eventually(() => whyNotOk(worker, healthOf.kvring));
    for (const gateway of this.gateways) {
      await eventually(async () => {
        const why = await whyNotOk(gateway, healthOf.kvring);
        if (why !== undefined) return why;
        const linked = await metric(gateway, "kvring_gateway_links_up");
        return linked === nodes ? undefined : `${gateway.name} is linked to ${linked} of ${nodes}`;
      });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((container) => container.remove()));
    await this.#network.remove();
    await rm(this.#models, { recursive: true, force: true });
  }

  async #startAll(): Promise<void> {
    const starting = Object.entries(this.#services).flatMap(([name, { replicas }]) =>
      Array.from({ length: replicas }, async (_, index) => {
        const kind = kindOf(name);
        const ordinal = Number(/-(\d+)$/.exec(name)?.[1] ?? index + 1);
        const container = await this.#start(name, kind, ordinal);
        this.#members[kind].push(container);
      }),
    );
    this.#nodesStarted = this.#services["node"]?.replicas ?? 0;
    const results = await Promise.allSettled(starting);
    for (const members of Object.values(this.#members)) {
      members.sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  #start(
    service: string,
    kind: Kind,
    ordinal: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Container> {
    const definition = this.#services[service];
    if (definition === undefined) throw new Error(`compose.yaml has no service "${service}"`);
    const { image, command, binds } = definition;
    return startContainer(
      {
        name: `${kind}-${ordinal}`,
        image: image === "kvring" ? "kvring:chaos" : image,
        command,
        binds,
        environment: {
          ...definition.environment,
          KVRING_LOG_LEVEL: logLevel,
          ...overlays[service],
          ...environment,
        },
        address: this.#network.address(firstAddress[kind] + ordinal - 1),
        hosts: this.#natsHosts(),
        // One shows that it works.
        healthcheck: service === "gateway-1",
      },
      this.#network,
    );
  }

  /** In the hosts file: Docker forgets the name of a dead container, and then look-ups hang. */
  #natsHosts(): Record<string, string> {
    const ordinals = [1, 2, 3];
    return Object.fromEntries(
      ordinals.map((ordinal) => [
        `nats-${ordinal}`,
        this.#network.address(firstAddress.nats + ordinal - 1),
      ]),
    );
  }
}

function kindOf(service: string): Kind {
  const kind = service.replace(/-\d+$/, "");
  if (kind in firstAddress) return kind as Kind;
  throw new Error(`compose.yaml has a service "${service}" that the chaos tests do not know`);
}

const healthOf = { nats: `${ports.natsHttp}/healthz`, kvring: `${ports.http}/readyz` } as const;

async function whyNotOk(container: Container, health: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${container.address}:${health}`, {
      signal: AbortSignal.timeout(2_000),
    });
    return response.ok ? undefined : `${container.name}: ${await response.text()}`;
  } catch (error) {
    return `${container.name}: ${error instanceof Error ? error.message : error}`;
  }
}

/** The sum of a metric over its labels that match, as a process of kvring exports it. */
export async function metric(
  container: Container,
  name: string,
  labels: RegExp = /^/,
): Promise<number> {
  const response = await fetch(`http://${container.address}:${ports.http}/metrics`, {
    signal: AbortSignal.timeout(5_000),
  });
  let sum = 0;
  for (const line of (await response.text()).split("\n")) {
    const [, found, labelled = "", value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (found === name && labels.test(labelled)) sum += Number(value);
  }
  return sum;
}
