/**
 * `npm run simulate -- --seeds N --first SEED`: runs seeds, and says what went wrong in which.
 * `--trace` prints what every gateway is told and does: for one seed.
 */
import { parseArgs } from "node:util";
import type { Trace } from "./cluster.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});

const seeds = wholeNumber("--seeds", values.seeds);
const first = wholeNumber("--first", values.first);
const shownPerSeed = 3;
const tally = new Map<string, number>();
let steps = 0;
let violations = 0;

for (let seed = first; seed < first + seeds; seed += 1) {
  const run = simulate(seed, {}, values.trace ? traced : undefined);
  steps += run.steps;
  violations += run.violations.length;
  for (const [what, count] of Object.entries(run.tally)) {
    tally.set(what, (tally.get(what) ?? 0) + count);
  }
  for (const violation of run.violations.slice(0, shownPerSeed)) {
    say(`seed ${seed}: ${violation}`);
  }
  if (run.violations.length > 0) {
    say(`replay: npm run simulate -- --first ${seed} --seeds 1 --trace`);
  }
}
say([...tally].map(([what, count]) => `${what} ${count}`).join(", "));
say(`seeds ${seeds}, steps ${steps}, violations ${violations}`);
process.exitCode = violations > 0 ? 1 : 0;

function traced(...[atMs, who, what]: Parameters<Trace>): void {
  const text = JSON.stringify(what, (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  say(`${atMs.toFixed(3)} ${who} ${text}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  process.stderr.write(`${flag} is a whole number, and not ${JSON.stringify(text)}\n`);
  process.exit(2);
}
