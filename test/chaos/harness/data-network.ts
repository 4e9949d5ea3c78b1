import { setTimeout as pause } from "node:timers/promises";
import { getContainerRuntimeClient } from "testcontainers";

/** On everything that these tests make, and so on everything that they may remove. */
export const chaosLabel = "kvring.chaos.run";

/** A network without a way out, in the range for benchmarks (RFC 2544). The host reaches it too. */
export interface DataNetwork {
  readonly name: string;
  address(last: number): string;
  remove(): Promise<void>;
}

type Client = Awaited<ReturnType<typeof getContainerRuntimeClient>>;
type Network = ReturnType<Client["container"]["dockerode"]["getNetwork"]>;

/** Of networks that could not be removed there are few, or something is wrong. */
const mostNetworks = 8;
const firstSubnet = 32;
const patience = { attempts: 20, pauseMs: 500 };

const filters = { label: [`${chaosLabel}=true`] };

/** A new one each time: a network that Docker does not let go of is in nobody's way. */
export async function createDataNetwork(): Promise<DataNetwork> {
  const client = await getContainerRuntimeClient();
  const { dockerode } = client.container;
  const there = new Set((await dockerode.listNetworks({ filters })).map(({ Name }) => Name));
  const numbers = Array.from({ length: mostNetworks }, (_, number) => number);
  const number = numbers.find((one) => !there.has(nameOf(one)));
  if (number === undefined) throw new Error(`there are ${mostNetworks} networks of earlier tests`);
  const name = nameOf(number);
  const prefix = `198.18.${firstSubnet + number}`;
  await client.network.create({
    Name: name,
    CheckDuplicate: true,
    Driver: "bridge",
    Internal: true,
    IPAM: { Driver: "default", Config: [{ Subnet: `${prefix}.0/24` }] },
    Labels: { [chaosLabel]: "true" },
  });
  return {
    name,
    address: (last) => `${prefix}.${last}`,
    remove: () => removed(dockerode.getNetwork(name)),
  };
}

/** Removes what an earlier run that was interrupted left behind. */
export async function removeLeftovers(): Promise<void> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  for (const { Id } of await dockerode.listContainers({ all: true, filters })) {
    await dockerode.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await dockerode.listNetworks({ filters })) {
    await removed(dockerode.getNetwork(Id));
  }
}

function nameOf(number: number): string {
  return `kvring-chaos-${number}`;
}

/**
 * Docker lets go of a container's place in a network some time after the container is gone, and now
 * and then (20.10, ten removed at once) never: then it is told to, and what it still keeps stays.
 */
async function removed(network: Network): Promise<void> {
  let why: unknown;
  for (let attempt = 0; attempt < patience.attempts; attempt += 1) {
    try {
      await network.remove();
      return;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return;
      why = error;
    }
    await letGo(network);
    await pause(patience.pauseMs);
  }
  process.stderr.write(`chaos: a network stays until Docker ends: ${String(why)}\n`);
}

async function letGo(network: Network): Promise<void> {
  const { Containers = {} } = await network.inspect();
  for (const { Name } of Object.values(Containers)) {
    await network.disconnect({ Container: Name, Force: true }).catch(() => {});
  }
}
