import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "@kvring/core";
import { defaultDense, denseModel } from "@kvring/models";
import { type ChildRuntime, createRuntime, readRepository } from "@kvring/runtime";
import { closedLoop } from "../load/closed.ts";
import type { Result } from "../report/summary.ts";
import { type Contestant, contest, type Effort } from "../system/contest.ts";
import type { Laboratory } from "../system/laboratory.ts";

const jobs = 3_000;
const callers = 64;

const systems = {
  "each alone": { batching: false },
  batched: { batching: { maxSize: 32, maxDelayMs: 2 } },
  "batched, never held back": { batching: { maxSize: 32, maxDelayMs: 0 } },
};

/**
 * One process, one thread, a model of about 1 ms (four dense layers of 4 MiB each), and callers who
 * ask again when they are answered: with batching and without, in turn.
 */
export async function batching(_: Laboratory, effort: Effort): Promise<Result[]> {
  const repository = await mkdtemp(join(tmpdir(), "kvring-bench-"));
  const runtimes: ChildRuntime[] = [];
  try {
    const contestants: Contestant[] = [];
    for (const [system, config] of Object.entries(systems)) {
      const { runtime, digest } = await started(join(repository, system), config);
      runtimes.push(runtime);
      const pids = runtime.status.processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
      const inputs = [row()];
      const ask = () => runtime.run(digest, inputs, ["y"]);
      const burst = () => closedLoop({ requests: jobs * effort.share, lanes: callers, ask });
      contestants.push({ system, pids, burst });
    }
    return await contest("batching", effort, contestants);
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.close()));
    await rm(repository, { recursive: true, force: true });
  }
}

async function started(repository: string, config: object) {
  await mkdir(join(repository, "dense", "1"), { recursive: true });
  await writeFile(join(repository, "dense", "1", "model.onnx"), denseModel());
  await writeFile(join(repository, "dense", "config.json"), JSON.stringify(config));
  const { models } = await readRepository(repository);
  const [model] = models;
  if (model === undefined) throw new Error("the repository holds one model");
  const runtime = await createRuntime({ processes: 1 });
  await runtime.load(model);
  await runtime.checked(model.digest);
  return { runtime, digest: model.digest };
}

function row(): Tensor {
  const { width } = defaultDense;
  const values = Float32Array.from({ length: width }, (_, at) => Math.sin(at));
  return {
    name: "x",
    datatype: "FP32",
    shape: [1, width],
    data: new Uint8Array(values.buffer),
  };
}
