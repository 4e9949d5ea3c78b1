import { Command } from "commander";
import { resultsDirectory, writeResults } from "./report/files.ts";
import type { Figure, Result } from "./report/summary.ts";
import { formatTables } from "./report/table.ts";
import { adaptation } from "./scenarios/adaptation.ts";
import { batching } from "./scenarios/batching.ts";
import { besideLarge } from "./scenarios/beside-large.ts";
import { coldStart } from "./scenarios/cold-start.ts";
import { fanIn } from "./scenarios/fan-in.ts";
import { l1Hit, nodeHit } from "./scenarios/hits.ts";
import { invalidation } from "./scenarios/invalidation.ts";
import { latency } from "./scenarios/latency.ts";
import { miss, unique } from "./scenarios/misses.ts";
import { mixed } from "./scenarios/mixed.ts";
import { overload } from "./scenarios/overload.ts";
import { payloads } from "./scenarios/payloads.ts";
import { scale } from "./scenarios/scale.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { store } from "./scenarios/store.ts";
import type { Effort } from "./system/contest.ts";
import { Laboratory } from "./system/laboratory.ts";

const scenarios: Readonly<Record<string, Scenario>> = {
  "l1-hit": l1Hit,
  "node-hit": nodeHit,
  latency,
  payload: payloads,
  "beside-large": besideLarge,
  miss,
  unique,
  mixed,
  overload,
  "fan-in": fanIn,
  "cold-start": coldStart,
  invalidation,
  scale,
  batching,
  adaptation,
  store,
};

/** Takes longer than all others together, and no cluster. */
const onlyWhenNamed = new Set(["store"]);

// Every server that runs is to be ended with us.
process.setMaxListeners(64);

const whole: Effort = { rounds: 5, share: 1 };
const quick: Effort = { rounds: 2, share: 0.2 };

await new Command("bench")
  .description(
    "Measures kvring beside its peers, in turn, in one run of a few minutes (all but the store).",
  )
  .option("--only <name>", `run one scenario: ${Object.keys(scenarios).join(", ")}`)
  .option("--quick", "fewer and shorter rounds: a look, no figures to quote")
  .addHelpText("after", "\nExample:\n  npm run bench -- --only l1-hit")
  .action(async (options: { only?: string; quick?: boolean }, command: Command) => {
    const { only } = options;
    const chosen = Object.entries(scenarios).filter(
      ([name]) => name === only || (only === undefined && !onlyWhenNamed.has(name)),
    );
    if (chosen.length === 0) command.error(`error: no scenario is called "${only}"`);
    const results = await run(chosen, options.quick === true ? quick : whole);
    process.stdout.write(`${formatTables(results)}\n`);
    if (options.quick === true) return;
    await writeResults(results);
    process.stderr.write(`written to ${resultsDirectory}\n`);
  })
  .parseAsync();

async function run(
  chosen: readonly (readonly [string, Scenario])[],
  effort: Effort,
): Promise<(Result | Figure)[]> {
  const laboratory = new Laboratory();
  const results: (Result | Figure)[] = [];
  try {
    for (const [name, scenario] of chosen) {
      const startMs = performance.now();
      process.stderr.write(`${name} … `);
      results.push(...(await scenario(laboratory, effort)));
      process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
    }
  } finally {
    await laboratory.close();
  }
  return results;
}
