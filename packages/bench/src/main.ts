import { Command } from "commander";
import { type Figure, formatResults, type Result, writeResults } from "./report/results.ts";
import { repeated } from "./scenarios/repeated.ts";
import { store } from "./scenarios/store.ts";
import { unique } from "./scenarios/unique.ts";

const scenarios: Readonly<Record<string, () => Promise<(Result | Figure)[]>>> = {
  repeated,
  unique,
  store,
};

await new Command("bench")
  .description("Measures kvring beside a bare gRPC echo, in one run; takes about ten minutes.")
  .option("--only <name>", `run one scenario: ${Object.keys(scenarios).join(", ")}`)
  .addHelpText("after", "\nExample:\n  npm run bench -- --only repeated")
  .action(async ({ only }: { readonly only?: string }, command: Command) => {
    const chosen = Object.entries(scenarios).filter(
      ([name]) => only === undefined || name === only,
    );
    if (chosen.length === 0) command.error(`error: no scenario is called "${only}"`);
    const results: (Result | Figure)[] = [];
    for (const [name, run] of chosen) {
      process.stderr.write(`${name} …\n`);
      results.push(...(await run()));
    }
    process.stdout.write(`${formatResults(results)}\n`);
    if (only === undefined) process.stderr.write(`written to ${await writeResults(results)}\n`);
  })
  .parseAsync();
