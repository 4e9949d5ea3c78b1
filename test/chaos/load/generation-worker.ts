import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Bus, connectNatsBus } from "@kvring/bus";
import { systemClock, type Tensor } from "@kvring/core";
import { addModel } from "@kvring/models";
import { createMetrics } from "@kvring/ops";
import type { Computation, Runtime } from "@kvring/runtime";
import { defaultWorkerOptions, startWorker, type WorkerProcess } from "@kvring/worker";
import { logToFile } from "../harness/file-log.ts";
import { stateDirectory } from "../harness/state-directory.ts";
import type { ChangeRecord, ComputationRecord } from "../history/history.ts";

/**
 * `generation`: `x`: FP32 [2], a question and a number of zeros. `y`: FP32 [2 + zeros], the question,
 * the generation of the data when its computation began, and the zeros. So every answer says how
 * old it is.
 */
export const generationModel = "generation";
export const generationKey = (question: number): string => `generation ${question}`;

/** The data that the model computes from; changing it is what an invalidation is for. */
export class GenerationSource {
  readonly changes: ChangeRecord[] = [{ generation: 1, atMs: performance.now() }];
  readonly computations: ComputationRecord[] = [];

  get generation(): number {
    return this.changes.length;
  }

  change(): number {
    this.changes.push({ generation: this.generation + 1, atMs: performance.now() });
    return this.generation;
  }

  compute(question: number): number {
    const { generation } = this;
    this.computations.push({
      key: generationKey(question),
      generation,
      atMs: performance.now(),
    });
    return generation;
  }
}

export interface GenerationWorker {
  stop(): Promise<void>;
}

const slots = 16;

/** A worker of kvring in this process, around a model that the test can watch. */
export async function startGenerationWorker(options: {
  readonly source: GenerationSource;
  readonly natsUrls: readonly string[];
  readonly computeMs: number;
}): Promise<GenerationWorker> {
  const models = await mkdtemp(join(tmpdir(), "kvring-chaos-generation-"));
  await mkdir(join(models, generationModel, "1"), { recursive: true });
  // Never run; its signature is ours.
  await writeFile(join(models, generationModel, "1", "model.onnx"), addModel(0));
  await chmod(models, 0o755);
  const log = logToFile(join(stateDirectory, "logs", "generation-worker.log"));
  const bus: Bus = await connectNatsBus({
    servers: options.natsUrls,
    replicas: 3,
    name: "generation-worker",
    clock: systemClock,
    log,
  });
  const worker: WorkerProcess = await startWorker({
    bus,
    clock: systemClock,
    log,
    metrics: createMetrics(),
    options: { ...defaultWorkerOptions, name: "generation", models },
    runtime: watchedRuntime(options.source, options.computeMs),
  });
  return {
    async stop() {
      await worker.drain();
      await bus.close();
      await rm(models, { recursive: true, force: true });
    },
  };
}

function watchedRuntime(source: GenerationSource, computeMs: number): Runtime {
  return {
    slots,
    async load() {},
    async unload() {},
    async close() {},
    appetite: () => slots,
    async run(_digest, inputs): Promise<Computation> {
      const [question, zeros] = readQuestion(inputs);
      const generation = source.compute(question);
      await pause(computeMs);
      const padding = Array.from({ length: zeros }, () => 0);
      return {
        outputs: [numbers("y", [question, generation, ...padding])],
        computeMs,
        batchRows: 1,
      };
    },
  };
}

function readQuestion([x]: readonly Tensor[]): readonly [question: number, zeros: number] {
  if (x?.data.length !== 8) throw new Error("the question is FP32 [2]");
  const data = Buffer.from(x.data);
  return [data.readFloatLE(0), data.readFloatLE(4)];
}

/** FP32 [n]: whole numbers up to 2²⁴ stay what they are. */
export function numbers(name: string, values: readonly number[]): Tensor {
  const data = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) data.writeFloatLE(value, index * 4);
  return { name, datatype: "FP32", shape: [values.length], data };
}
