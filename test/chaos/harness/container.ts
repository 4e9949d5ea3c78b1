import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  Wait,
} from "testcontainers";
import { chaosLabel, type DataNetwork } from "./data-network.ts";

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly binds: readonly { readonly source: string; readonly target: string }[];
  /** Kept over restarts, so that nobody has to look up a name that is gone. */
  readonly address: string;
  readonly hosts: Readonly<Record<string, string>>;
  /** Whether Docker asks for its health; a process every few seconds, for each container. */
  readonly healthcheck: boolean;
}

/** A container of the cluster, and what can be done to its process. */
export interface Container {
  readonly name: string;
  readonly address: string;
  /** Its hostname too. */
  readonly id: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL after 15 s; tells the exit code. */
  stop(): Promise<number>;
  /** Runs again, with the same address and what it had written. */
  start(): Promise<void>;
  /** Freezes all processes: connections stay open, nobody answers. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** Cores it may use; undefined: all. */
  limitCpu(cores: number | undefined): Promise<void>;
  /** Scheduler periods in which it wanted more than that. */
  throttledPeriods(): Promise<number>;
  /** Of its first process, as the machine sees it. */
  processId(): Promise<number>;
  isRunning(): Promise<boolean>;
  /** As Docker's health check says. */
  health(): Promise<string | undefined>;
  logs(): Promise<string>;
  remove(): Promise<void>;
}

const stopTimeoutS = 15;
const schedulerPeriodUs = 100_000;

/** Resolves when its log says "ready"; throws with the log when it does not come to that. */
export async function startContainer(
  options: ContainerOptions,
  network: DataNetwork,
): Promise<Container> {
  const client = await getContainerRuntimeClient();
  const name = `kvring-chaos-${options.name}`;
  try {
    const started = await addressed(options, network).withName(name).start();
    return new DockerContainer(options, started.getId(), client);
  } catch (error) {
    const failed = new DockerContainer(options, name, client);
    const log = await failed.logs().catch(() => "(no log)");
    await failed.remove().catch(() => {});
    throw new Error(`${options.name} did not start:\n${log}`, { cause: error });
  }
}

function addressed(options: ContainerOptions, network: DataNetwork): GenericContainer {
  return new AddressedContainer(options, network)
    .withLabels({ [chaosLabel]: "true" })
    .withCommand([...options.command])
    .withEnvironment({ ...options.environment })
    .withBindMounts(options.binds.map((bind) => ({ ...bind, mode: "ro" })))
    .withExtraHosts(Object.entries(options.hosts).map(([host, ipAddress]) => ({ host, ipAddress })))
    .withPullPolicy({ shouldPull: () => "never" })
    .withWaitStrategy(Wait.forLogMessage(/\bready\b/))
    .withStartupTimeout(60_000);
}

/** Only in the data network, and at an address that we choose. */
class AddressedContainer extends GenericContainer {
  constructor({ image, address, healthcheck }: ContainerOptions, network: DataNetwork) {
    super(image);
    this.networkMode = network.name;
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } },
    };
    if (!healthcheck) this.createOpts.Healthcheck = { Test: ["NONE"] };
  }
}

class DockerContainer implements Container {
  readonly name: string;
  readonly address: string;
  readonly id: string;
  readonly #container: ReturnType<ContainerRuntimeClient["container"]["getById"]>;

  constructor(options: ContainerOptions, id: string, client: ContainerRuntimeClient) {
    this.name = options.name;
    this.address = options.address;
    this.id = id.slice(0, 12);
    this.#container = client.container.getById(id);
  }

  async kill(): Promise<void> {
    await this.#container.kill({ signal: "SIGKILL" });
    await this.#container.wait();
  }

  async stop(): Promise<number> {
    await this.#container.stop({ t: stopTimeoutS });
    return (await this.#container.inspect()).State.ExitCode;
  }

  async start(): Promise<void> {
    await this.#container.start();
  }

  async pause(): Promise<void> {
    await this.#container.pause();
  }

  async unpause(): Promise<void> {
    await this.#container.unpause();
  }

  async limitCpu(cores: number | undefined): Promise<void> {
    const quotaUs = cores === undefined ? -1 : Math.round(cores * schedulerPeriodUs);
    await this.#container.update({ CpuPeriod: schedulerPeriodUs, CpuQuota: quotaUs });
  }

  async throttledPeriods(): Promise<number> {
    const stats = await this.#container.stats({ stream: false });
    return stats.cpu_stats.throttling_data.throttled_periods;
  }

  async processId(): Promise<number> {
    return (await this.#container.inspect()).State.Pid;
  }

  async isRunning(): Promise<boolean> {
    const { Running, Paused } = (await this.#container.inspect()).State;
    return Running && !Paused;
  }

  async health(): Promise<string | undefined> {
    return (await this.#container.inspect()).State.Health?.Status;
  }

  async logs(): Promise<string> {
    const frames = await this.#container.logs({ stdout: true, stderr: true, follow: false });
    return textOf(frames);
  }

  async remove(): Promise<void> {
    await this.#container.remove({ force: true, v: true });
  }
}

/** Before each piece Docker puts the stream, three empty bytes, and the length of the piece. */
function textOf(frames: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const end = at + 8 + frames.readUInt32BE(at + 4);
    pieces.push(frames.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString();
}
