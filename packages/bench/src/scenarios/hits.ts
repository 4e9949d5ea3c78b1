import { KvringClient } from "@kvring/client";
import { h2load } from "../load/h2load.ts";
import { startEcho, startMemcachedPeer, startRedisPeer } from "../peers/start.ts";
import { type Contestant, contest, type Effort } from "../system/contest.ts";
import type { Laboratory } from "../system/laboratory.ts";
import { digitRequest } from "../system/models.ts";
import type { System } from "../system/system.ts";
import type { Scenario } from "./scenario.ts";

const requests = 20_000;

/**
 * The same 3.2 KB question again and again, answered by the near cache, beside a bare echo with as
 * many bytes in and out.
 */
export const l1Hit: Scenario = async (laboratory, effort) => {
  const near = await nearGateway(laboratory);
  const bytes = await prime(near.address, digitRequest(0));
  const echo = await laboratory.system("echo", () => startEcho(bytes));
  return contest("l1-hit", effort, [repeating(echo, effort), repeating(near, effort)]);
};

/** The same, answered by a node, beside what one would write with Redis or memcached. */
export const nodeHit: Scenario = async (laboratory, effort) => {
  const near = await nearGateway(laboratory);
  const far = await farGateway(laboratory);
  const bytes = await prime(near.address, digitRequest(0));
  await prime(far.address, digitRequest(0));
  const redis = await laboratory.system("redis", () => startRedisPeer(bytes));
  const memcached = await laboratory.system("memcached", () => startMemcachedPeer(bytes));
  const systems = [redis, memcached, far, near];
  return contest(
    "node-hit",
    effort,
    systems.map((system) => repeating(system, effort)),
  );
};

export function nearGateway(laboratory: Laboratory): Promise<System> {
  return laboratory.gateway("near cache", "64MiB");
}

export function farGateway(laboratory: Laboratory): Promise<System> {
  return laboratory.gateway("node", "0");
}

/** Asks until the answer comes from where it will stay. Gives the answer's size. */
export async function prime(address: string, message: Uint8Array): Promise<number> {
  const client = new KvringClient(address);
  let bytes = 0;
  for (let count = 0; count < 5; count += 1) bytes = (await client.inferRaw(message)).length;
  client.close();
  return bytes;
}

function repeating({ name, address, pids }: System, { share }: Effort): Contestant {
  const message = digitRequest(0);
  const load = { address, message, clients: 4, streams: 16 };
  return {
    ...{ system: name, pids },
    burst: () => h2load({ ...load, requests: Math.round(requests * share) }),
    // Long enough for the compiler to have done its part.
    warmUp: () => h2load({ ...load, requests: Math.round(requests * Math.max(share, 0.5)) }),
  };
}
