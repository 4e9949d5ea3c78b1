import { dirname } from "node:path";
import { KvringError, type ModelSignature, type Tensor } from "@kvring/core";
import type { ModelArtifact } from "../api.ts";
import { examineArtifact } from "../artifact-file.ts";
import { generatedRow, recipes } from "../batching/generated-rows.ts";
import { type ChildRuntime, createRuntime } from "../pool/runtime.ts";

/** Processes with a session each, and intra-op threads of each session. */
export interface TrialPlan {
  readonly processes: number;
  readonly threads: number;
}

export interface Trial extends TrialPlan {
  readonly perSecond: number;
  /** From the call to the answer, with two calls under way for each process. */
  readonly p50Ms: number;
}

/** A difference that small is not worth a process or a thread. */
const margin = 0.05;

/**
 * Measures the model in each of the plans, one after another, on generated inputs and without
 * batching. Throws MODEL_UNSUPPORTED for one that takes strings, or what it says to all inputs.
 */
export async function tuneModel(
  path: string,
  plans: readonly TrialPlan[],
  options: { readonly measureMs: number },
): Promise<Trial[]> {
  const { digest, signature } = await examineArtifact(path, dirname(path));
  if (signature.inputs.some(({ datatype }) => datatype === "BYTES")) {
    throw new KvringError("MODEL_UNSUPPORTED", "a model that takes strings cannot be tuned");
  }
  const trials: Trial[] = [];
  for (const plan of plans) {
    const config = { tags: [], versions: "all", threads: plan.threads } as const;
    const model = { name: "tuned", version: "1", digest, path, signature, config };
    trials.push(await measure(model, plan, options.measureMs));
  }
  return trials;
}

/** The one with the most answers; of those that are as good, the one with the fewest processes. */
export function chooseTrial(trials: readonly Trial[]): Trial {
  const most = Math.max(...trials.map(({ perSecond }) => perSecond));
  const good = trials.filter(({ perSecond }) => perSecond >= most * (1 - margin));
  const [best] = good.toSorted((a, b) => a.processes - b.processes || a.threads - b.threads);
  if (best === undefined) throw new KvringError("INTERNAL", "nothing was tried");
  return best;
}

async function measure(model: ModelArtifact, plan: TrialPlan, measureMs: number): Promise<Trial> {
  const runtime = await createRuntime({ processes: plan.processes });
  try {
    await runtime.load(model);
    const inputs = await acceptable(runtime, model.digest, model.signature);
    const names = model.signature.outputs.map(({ name }) => name);
    const run = () => runtime.run(model.digest, inputs, names);
    // Each process loads it when it is first free, and a first run takes longer.
    await loop(run, plan.processes, measureMs / 4);
    return { ...plan, ...(await loop(run, plan.processes, measureMs)) };
  } finally {
    await runtime.close();
  }
}

async function acceptable(
  runtime: ChildRuntime,
  digest: string,
  signature: ModelSignature,
): Promise<Tensor[]> {
  const names = signature.outputs.map(({ name }) => name);
  let refusal: unknown;
  for (const recipe of recipes) {
    const inputs = generatedRow(signature, 0, recipe);
    try {
      await runtime.run(digest, inputs, names);
      return inputs;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/** Callers who ask again when they are answered, for so long, and each once at least. */
async function loop(run: () => Promise<unknown>, processes: number, forMs: number) {
  const durations: number[] = [];
  const beganMs = performance.now();
  const caller = async (): Promise<void> => {
    do {
      const startMs = performance.now();
      await run();
      durations.push(performance.now() - startMs);
    } while (performance.now() - beganMs < forMs);
  };
  await Promise.all(Array.from({ length: 2 * processes }, caller));
  const tookMs = performance.now() - beganMs;
  durations.sort((a, b) => a - b);
  const p50Ms = durations[Math.floor(durations.length / 2)] ?? 0;
  return { perSecond: (durations.length * 1000) / tookMs, p50Ms };
}
