import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { heavyDigitsModel, shippedMnist, shippedRepository } from "@kvring/models";
import type { Outcome } from "./checks.ts";
import { startExperimentCluster } from "./cluster.ts";
import { type Choice, type Effort, type ModelName, planRun } from "./plan.ts";
import { prepareQuestions } from "./questions.ts";
import { chargeOf, measure } from "./run.ts";

/** About 15 ms on one core that has AVX-512, as text recognition and small detectors take. */
const heavyAmount = { matMuls: 10, size: 512 };

/** Runs what is planned, one after another, on one cluster. */
export async function conduct(options: {
  readonly choices: readonly Choice[];
  /** Distinct digits. */
  readonly items: number;
  readonly seed: number;
  readonly effort: Effort;
  readonly onOutcome?: (outcome: Outcome, done: number) => void;
}): Promise<Outcome[]> {
  const { choices, items, onOutcome } = options;
  const models = await mkdtemp(join(tmpdir(), "kvring-experiment-"));
  const outcomes: Outcome[] = [];
  try {
    await layOut(models);
    const cluster = await startExperimentCluster(models);
    try {
      for (const model of new Set(choices.map((choice) => choice.model))) {
        const questions = await cluster.withNode(anyNode, () =>
          prepareQuestions(cluster.client, model, items),
        );
        const charge = await chargeOf(cluster, questions);
        for (const choice of choices.filter((chosen) => chosen.model === model)) {
          const plan = planRun(choice, options);
          const measured = await measure(cluster, questions, plan, charge, () => loadavg()[0] ?? 0);
          const { stream: _, ...rest } = plan;
          const outcome = { plan: rest, measured };
          outcomes.push(outcome);
          onOutcome?.(outcome, outcomes.length);
        }
      }
    } finally {
      await cluster.stop();
    }
  } finally {
    await rm(models, { recursive: true, force: true });
  }
  return outcomes;
}

const anyNode = { policy: "lru", capacityBytes: 64 * 1024 } as const;

async function layOut(directory: string): Promise<void> {
  await cp(shippedRepository, directory, { recursive: true });
  const heavy: ModelName = "heavy";
  await mkdir(join(directory, heavy, "1"), { recursive: true });
  const file = join(directory, heavy, "1", "model.onnx");
  await writeFile(file, heavyDigitsModel(await readFile(shippedMnist), heavyAmount));
}
