import { Command, InvalidArgumentError } from "commander";
import { hitError, type Outcome, timeError, violations } from "./checks.ts";
import { conduct } from "./conduct.ts";
import { experimentDirectory, writeExperiment } from "./files.ts";
import { quickPlan, wholeEffort, wholePlan } from "./plan.ts";

const items = 1_000;

await new Command("experiment")
  .description(
    "Digits of MNIST through a whole cluster: what policies hit and save, beside what formulas say.",
  )
  .option("--quick", "a few runs: a look, nothing is written")
  .option("--seed <n>", "which digits come in which order", whole, 1)
  .addHelpText(
    "after",
    "\nEnds with 1 when a formula is off by more than 1.5 points or 10 %, or an answer differs.",
  )
  .action(async ({ quick, seed }: { quick?: boolean; seed: number }) => {
    const choices = quick === true ? quickPlan : wholePlan;
    const startMs = performance.now();
    const outcomes = await conduct({
      ...{ choices, items, seed, effort: wholeEffort },
      onOutcome: (outcome, done) =>
        process.stderr.write(`${done}/${choices.length} ${line(outcome)}\n`),
    });
    const seconds = (performance.now() - startMs) / 1000;
    const wrong = violations(outcomes);
    if (quick !== true) {
      await writeExperiment({ outcomes, items, seed, seconds, violations: wrong });
      process.stderr.write(`written to ${experimentDirectory}\n`);
    }
    process.stderr.write(`${outcomes.length} runs in ${seconds.toFixed(0)} s\n`);
    for (const violation of wrong) process.stderr.write(`out of bounds: ${violation}\n`);
    if (wrong.length > 0) process.exitCode = 1;
  })
  .parseAsync();

function line(outcome: Outcome): string {
  const { plan, measured } = outcome;
  const off = (value: number | undefined): string =>
    value === undefined ? "–" : `${(value * 100).toFixed(2)} %`;
  return [
    `${plan.model} ${plan.law} ${plan.policy} ${plan.capacityEntries}:`,
    `hits ${(measured.hitRatio * 100).toFixed(1)} % (policy alone ${(plan.twinHitRatio * 100).toFixed(1)} %, formula off by ${off(hitError(outcome))}),`,
    `${measured.cachedMs.toFixed(2)} ms (uncached ${measured.uncachedMs.toFixed(2)} ms, formula off by ${off(timeError(outcome))})`,
  ].join(" ");
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("A whole number.");
  return value;
}
