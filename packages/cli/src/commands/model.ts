import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { KvringError } from "@kvring/core";
import { shippedRepository } from "@kvring/models";
import { chooseTrial, readRepository, type TrialPlan, tuneModel } from "@kvring/runtime";
import { Command } from "commander";
import { formatMs, table } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

const measureMs = 1_000;
const mostCores = 64;

interface Flags {
  readonly models?: string;
  readonly json?: boolean;
}

export function modelCommand(): Command {
  const tune = new Command("tune")
    .description("Measure how many processes and threads suit a model on this machine.")
    .argument("<file|model>", "an ONNX file, or the name of a model in the repository")
    .option("--models <dir>", "model repository (default: the models of kvring)")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Example:
  kvring model tune ./models/ocr/1/model.onnx

Takes about two seconds for each line of the table, on a machine that does nothing else.`,
    )
    .action(async (target: string, flags: Flags) => {
      const trials = await tuneModel(await pathOf(target, flags), plans(), { measureMs });
      const { processes, threads } = chooseTrial(trials);
      const rows = trials.map((trial) => ({
        processes: trial.processes,
        threads: trial.threads,
        per_second: Number(trial.perSecond.toPrecision(4)),
        p50_ms: Number(trial.p50Ms.toPrecision(4)),
      }));
      if (flags.json) {
        printJson({ trials: rows, worker: { processes }, config: { threads } });
        return;
      }
      const cells = rows.map((row) => [
        ...[String(row.processes), String(row.threads)],
        ...[String(row.per_second), formatMs(row.p50_ms)],
      ]);
      print(table(["processes", "threads", "per second", "p50"], cells));
      print(`config.json: { "threads": ${threads} }`);
      print(`and:         kvring worker --processes ${processes}`);
    });
  return new Command("model").description("What to know of a model.").addCommand(tune);
}

async function pathOf(target: string, { models = shippedRepository }: Flags): Promise<string> {
  if (existsSync(target)) return target;
  const { models: served } = await readRepository(models);
  const found = served.findLast(({ name }) => name === target);
  if (found !== undefined) return found.path;
  throw new KvringError(
    "MODEL_NOT_FOUND",
    `${target} is neither a file nor a model of ${models}: name one of ${served.map(({ name }) => name).join(", ") || "none"}`,
  );
}

/** Every way to share out the cores in powers of two. */
function plans(): TrialPlan[] {
  const cores = Math.min(mostCores, availableParallelism());
  const found: TrialPlan[] = [];
  for (let processes = 1; processes <= cores; processes *= 2) {
    for (let threads = 1; processes * threads <= cores; threads *= 2) {
      found.push({ processes, threads });
    }
  }
  return found;
}
