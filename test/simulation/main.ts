import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "1" },
  },
});

const first = Number(values.first);
const seeds = Number(values.seeds);
let steps = 0;
let violations = 0;
const total: Record<string, number> = {};
for (let seed = first; seed < first + seeds; seed += 1) {
  const run = simulate(seed);
  steps += run.steps;
  violations += run.violations.length;
  for (const [name, count] of Object.entries(run.tally)) total[name] = (total[name] ?? 0) + count;
  for (const violation of run.violations.slice(0, 3)) {
    process.stdout.write(`seed ${seed}: ${violation}\n`);
  }
}
process.stdout.write(`${JSON.stringify(total)}\n`);
process.stdout.write(`seeds ${seeds}, steps ${steps}, violations ${violations}\n`);
process.exitCode = violations > 0 ? 1 : 0;
