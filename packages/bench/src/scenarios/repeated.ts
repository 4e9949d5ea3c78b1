import { join } from "node:path";
import { startServer } from "@kvring/cli/testing";
import { KvringClient } from "@kvring/client";
import { shippedRepository } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";
import { ensureH2load, h2load } from "../load/h2load.ts";
import { type Result, type Round, summarize } from "../report/results.ts";
import { startCluster } from "../servers/cluster.ts";
import { cpuMs } from "../servers/cpu.ts";

const requests = 30_000;
const warmUp = 5_000;
const rounds = 5;

interface Contestant {
  readonly system: string;
  readonly address: string;
  readonly pids: readonly number[];
}

/**
 * The same 3.2 KB question again and again: answered by the near cache, by a node (near cache
 * off), and by a bare echo with as many bytes in and out. In turn, A B C A B C.
 */
export async function repeated(): Promise<Result[]> {
  ensureH2load();
  const message = encodeRequest({ model: "mnist", inputs: [image()] });
  const near = await startCluster({ nodes: 1, nearCache: "64MiB", models: shippedRepository });
  const far = await startCluster({ nodes: 1, nearCache: "0", models: shippedRepository });
  const answerBytes = await prime(near.address, message);
  await prime(far.address, message);
  const echo = await startServer(join(import.meta.dirname, "../servers/echo.ts"), [
    String(answerBytes),
  ]);
  try {
    const contestants: Contestant[] = [
      { system: "grpc-js echo", address: echo.addresses["grpc"] ?? "", pids: [echo.pid] },
      { system: "kvring, near cache", address: near.address, pids: near.pids },
      { system: "kvring, node", address: far.address, pids: far.pids },
    ];
    const measured = new Map<string, Round[]>(contestants.map(({ system }) => [system, []]));
    for (const contestant of contestants) await burst(contestant, message, warmUp);
    for (let round = 0; round < rounds; round += 1) {
      for (const contestant of contestants) {
        measured.get(contestant.system)?.push(await burst(contestant, message, requests));
      }
    }
    const pick = (...systems: string[]): Map<string, Round[]> =>
      new Map(systems.map((system) => [system, measured.get(system) ?? []]));
    return [
      ...summarize("l1_hit", pick("grpc-js echo", "kvring, near cache"), "grpc-js echo"),
      ...summarize("node_hit", pick("kvring, near cache", "kvring, node"), "kvring, near cache"),
    ];
  } finally {
    await echo.stop();
    await near.stop();
    await far.stop();
  }
}

async function burst(
  { address, pids }: Contestant,
  message: Uint8Array,
  count: number,
): Promise<Round> {
  const before = cpuMs(pids);
  const load = await h2load({ address, message, requests: count, clients: 4, streams: 16 });
  return { ...load, cpuUsPerRequest: ((cpuMs(pids) - before) * 1000) / count };
}

/** Asks until the answer comes from where it will stay. Gives the answer's size. */
async function prime(address: string, message: Uint8Array): Promise<number> {
  const client = new KvringClient(address);
  let bytes = 0;
  for (let count = 0; count < 5; count += 1) bytes = (await client.inferRaw(message)).length;
  client.close();
  return bytes;
}

function image() {
  const data = Buffer.alloc(784 * 4);
  for (let index = 0; index < 784; index += 1) data.writeFloatLE((index % 255) / 255, index * 4);
  return { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data } as const;
}
