import { getContainerRuntimeClient } from "testcontainers";

/** On everything that these tests make, and so on everything that they may remove. */
export const chaosLabel = "kvring.chaos.run";

/** A network without a way out, in the range for benchmarks (RFC 2544). The host reaches it too. */
export interface DataNetwork {
  readonly name: string;
  address(last: number): string;
  remove(): Promise<void>;
}

const name = "kvring-chaos";
const prefix = "198.18.32";

export async function createDataNetwork(): Promise<DataNetwork> {
  const client = await getContainerRuntimeClient();
  const network = await client.network.create({
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
    remove: () => client.network.remove(network),
  };
}

/** Removes what an earlier run that was interrupted left behind. */
export async function removeLeftovers(): Promise<void> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const filters = { label: [`${chaosLabel}=true`] };
  for (const { Id } of await dockerode.listContainers({ all: true, filters })) {
    await dockerode.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await dockerode.listNetworks({ filters })) {
    await dockerode.getNetwork(Id).remove();
  }
}
