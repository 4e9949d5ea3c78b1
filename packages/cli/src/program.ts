import { Command } from "commander";

/** In the order of `--help`. Loaded when they are named: most of them need most of kvring. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import("./commands/up.ts")).upCommand(),
  gateway: async () => (await import("./commands/gateway.ts")).gatewayCommand(),
  node: async () => (await import("./commands/node.ts")).nodeCommand(),
  worker: async () => (await import("./commands/worker.ts")).workerCommand(),
  infer: async () => (await import("./commands/infer.ts")).inferCommand(),
  invalidate: async () => (await import("./commands/invalidate.ts")).invalidateCommand(),
  stats: async () => (await import("./commands/stats.ts")).statsCommand(),
  ring: async () => (await import("./commands/ring.ts")).ringCommand(),
  replay: async () => (await import("./commands/replay.ts")).replayCommand(),
  plan: async () => (await import("./commands/plan.ts")).planCommand(),
  model: async () => (await import("./commands/model.ts")).modelCommand(),
  demo: async () => (await import("./commands/demo.ts")).demoCommand(),
};

/** The program with all its commands, or with the one that is named, if there is such a one. */
export async function program(name = ""): Promise<Command> {
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
  const named = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const loading = named === undefined ? Object.values(commands) : [named];
  for (const command of await Promise.all(loading.map((load) => load()))) {
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
