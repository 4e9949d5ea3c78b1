import { shippedRepository } from "@kvring/models";
import { encodeRequest } from "@kvring/wire";
import { uniqueLoad } from "../load/unique.ts";
import { type Result, type Round, summarize } from "../report/results.ts";
import { startCluster } from "../servers/cluster.ts";
import { cpuMs } from "../servers/cpu.ts";

const rounds = 5;
const requests = 2_000;

/** Inputs that nobody asked before, one at a time and 16 at a time: the whole way of a miss. */
export async function unique(): Promise<Result[]> {
  const cluster = await startCluster({ nodes: 1, nearCache: "64MiB", models: shippedRepository });
  const lanes = { "one at a time": 1, "16 at a time": 16 };
  const measured = new Map<string, Round[]>(Object.keys(lanes).map((name) => [name, []]));
  let asked = 0;
  const message = (): Uint8Array => encodeRequest({ model: "mnist", inputs: [image(asked++)] });
  const burst = async (count: number, atOnce: number): Promise<Round> => {
    const before = cpuMs(cluster.pids);
    const { address } = cluster;
    const load = await uniqueLoad({ address, requests: count, lanes: atOnce, message });
    return { ...load, cpuUsPerRequest: ((cpuMs(cluster.pids) - before) * 1000) / count };
  };
  try {
    await burst(500, 16);
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, atOnce] of Object.entries(lanes)) {
        measured.get(name)?.push(await burst(requests, atOnce));
      }
    }
    return summarize("miss", measured, "one at a time");
  } finally {
    await cluster.stop();
  }
}

function image(seed: number) {
  const data = Buffer.alloc(784 * 4);
  data.writeUInt32LE(seed, 0);
  // Finite and small whatever the seed: the first four bytes are spread over four pixels.
  const spread = [...data.subarray(0, 4)];
  for (const [index, byte] of spread.entries()) data.writeFloatLE(byte / 255, index * 4);
  return { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data } as const;
}
