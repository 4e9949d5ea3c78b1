import { KvringClient } from "@kvring/client";
import { KvringError, type Scope } from "@kvring/core";
import { Command } from "commander";
import { formatMs } from "../report/format.ts";
import { print, printJson } from "../report/output.ts";

interface InvalidateFlags {
  readonly target: string;
  readonly all?: boolean;
  readonly model?: string;
  readonly version?: string;
  readonly tag?: string;
  readonly key?: string;
  readonly timeout: string;
  readonly json?: boolean;
}

export function invalidateCommand(): Command {
  return new Command("invalidate")
    .description("Make sure that nobody is given anything computed before now.")
    .option("--target <host:port>", "a gateway; it tells the others", "127.0.0.1:8001")
    .option("--all", "everything")
    .option("--model <name>", "all versions of a model, or one with --version")
    .option("--version <v>", "a version of --model")
    .option("--tag <tag>", "answers to requests that carried this tag in cache_tags")
    .option("--key <hex>", "one answer, by its request key (see cache_debug)")
    .option("--timeout <ms>", "how long to wait for OK", "40000")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  kvring invalidate --model fraud
  kvring invalidate --tag customer-42 --json`,
    )
    .action(invalidate);
}

async function invalidate(flags: InvalidateFlags): Promise<void> {
  const scope = readScope(flags);
  const client = new KvringClient(flags.target);
  try {
    const result = await client.invalidate(scope, { timeoutMs: Number(flags.timeout) });
    if (flags.json) {
      printJson({
        sequence: result.sequence,
        gateways: result.gateways,
        acknowledged: result.acknowledged,
        waited_ms: result.waitedMs,
        known: result.known,
      });
      return;
    }
    const { sequence, acknowledged, gateways, waitedMs, known } = result;
    const heard = `${acknowledged} of ${gateways} gateways said so`;
    print(`invalidated at ${sequence} in ${formatMs(waitedMs)}; ${heard}`);
    if (!known) print("(the catalog knows no such model: nothing was there to invalidate)");
  } finally {
    client.close();
  }
}

function readScope(flags: InvalidateFlags): Scope {
  const { all, model, version, tag, key } = flags;
  const given = [all, model, tag, key].filter((value) => value !== undefined);
  if (given.length !== 1 || (version !== undefined && model === undefined)) {
    throw new KvringError(
      "BAD_CONFIG",
      "say what to invalidate: one of --all, --model NAME [--version V], --tag TAG, --key HEX",
    );
  }
  if (all) return { kind: "all" };
  if (tag !== undefined) return { kind: "tag", tenant: "", tag };
  if (key !== undefined) {
    if (/^[0-9a-f]{64}$/i.test(key)) return { kind: "key", key: Buffer.from(key, "hex") };
    throw new KvringError("BAD_CONFIG", `--key is "${key}", but must be 64 hex digits`);
  }
  const name = model ?? "";
  return version === undefined
    ? { kind: "model", model: name }
    : { kind: "version", model: name, version };
}
