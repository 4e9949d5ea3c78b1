import { Command } from "commander";
import { demoCommand } from "./commands/demo.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { inferCommand } from "./commands/infer.ts";
import { invalidateCommand } from "./commands/invalidate.ts";
import { modelCommand } from "./commands/model.ts";
import { nodeCommand } from "./commands/node.ts";
import { replayCommand } from "./commands/replay.ts";
import { ringCommand } from "./commands/ring.ts";
import { statsCommand } from "./commands/stats.ts";
import { upCommand } from "./commands/up.ts";
import { workerCommand } from "./commands/worker.ts";

export function program(): Command {
  const kvring = new Command("kvring")
    .description("Remembers what your models already answered.")
    .version("0.1.0")
    // Or `kvring invalidate --version 2` would tell kvring's own version, and invalidate nothing.
    .enablePositionalOptions()
    .configureOutput({ outputError })
    .addHelpText(
      "after",
      `
Examples:
  kvring up                         a whole cluster in this process, on 127.0.0.1:8001
  kvring infer mnist --random 7     ask a model, twice: the second answer comes from memory
  kvring stats                      what the cluster did

Every setting of a process is a flag, a variable KVRING_NAME, or a key of --config; in that order.`,
    );
  for (const command of [
    upCommand(),
    gatewayCommand(),
    nodeCommand(),
    workerCommand(),
    inferCommand(),
    invalidateCommand(),
    statsCommand(),
    ringCommand(),
    replayCommand(),
    modelCommand(),
    demoCommand(),
  ]) {
    kvring.addCommand(command.configureOutput({ outputError }));
  }
  return kvring;
}

/** What commander says on several lines, "Did you mean …?" among it, on one. */
function outputError(text: string, write: (text: string) => void): void {
  const sentence = text
    .trim()
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ");
  write(`kvring: ${sentence}; see kvring --help\n`);
}
