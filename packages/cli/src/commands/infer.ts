import { readFileSync } from "node:fs";
import { type Answer, KvringClient, type ModelDescription } from "@kvring/client";
import { decodeStrings, KvringError, type Parameter, type Tensor } from "@kvring/core";
import { Command } from "commander";
import { print, printJson } from "../report/output.ts";
import { formatTensor, parseShape, parseTensor, randomTensor } from "../tensors/text.ts";

interface InferFlags {
  readonly target: string;
  readonly version?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly random?: string;
  readonly shape: readonly string[];
  readonly repeat: string;
  readonly cacheControl?: string;
  readonly cacheTags?: string;
  readonly cacheTtlMs?: string;
  readonly cacheDebug?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

const collect = (value: string, list: readonly string[]): string[] => [...list, value];

export function inferCommand(): Command {
  return new Command("infer")
    .description("Ask a model, and see where the answer came from.")
    .argument("<model>", "the model's name")
    .option("--target <host:port>", "a gateway", "127.0.0.1:8001")
    .option("--version <v>", "the model's version (default: the newest)")
    .option("--input <name=json|name=@file>", "a tensor, as JSON; repeatable", collect, [])
    .option("--shape <name=d,d,…>", "its shape, where the model leaves it open", collect, [])
    .option("--random <seed>", "fill the inputs that are not given with repeatable numbers")
    .option("--output <name>", "an output to ask for; repeatable (default: all)", collect, [])
    .option("--repeat <n>", "ask so often", "2")
    .option("--cache-control <directives>", "as in no-cache, no-store, only-if-cached, max-age=60")
    .option("--cache-tags <tags>", "tags of the answer, comma separated")
    .option("--cache-ttl-ms <ms>", "life of the answer")
    .option("--cache-debug", "show key, owners, age and more")
    .option("--timeout <ms>", "how long to wait for an answer", "60000")
    .option("--json", "print one JSON object per answer")
    .addHelpText(
      "after",
      `
Examples:
  kvring infer mnist --random 7
  kvring infer mnist --input image=@digit.json --cache-control max-age=60 --json`,
    )
    .action(infer);
}

async function infer(model: string, flags: InferFlags): Promise<void> {
  const client = new KvringClient(flags.target);
  try {
    await client.waitUntilReachable(5_000);
    const description = await client.modelMetadata(model, flags.version ?? "");
    const request = {
      model,
      ...(flags.version !== undefined && { version: flags.version }),
      inputs: readInputs(description, flags),
      outputs: flags.output,
      parameters: readParameters(flags),
    };
    for (let round = 0; round < positive(flags.repeat, "--repeat"); round += 1) {
      const startMs = performance.now();
      const answer = await client.infer(request, {
        timeoutMs: positive(flags.timeout, "--timeout"),
      });
      report(answer, performance.now() - startMs, flags.json ?? false);
    }
  } finally {
    client.close();
  }
}

function readInputs(description: ModelDescription, flags: InferFlags): Tensor[] {
  const given = named(flags.input, "--input");
  const shapes = named(flags.shape, "--shape");
  for (const name of [...given.keys(), ...shapes.keys()]) {
    if (description.inputs.some((input) => input.name === name)) continue;
    const known = description.inputs.map((input) => input.name).join(", ");
    throw new KvringError(
      "INPUT_UNKNOWN",
      `model "${description.name}" has no input "${name}"; it takes ${known}`,
    );
  }
  return description.inputs.map((spec) => {
    const shapeText = shapes.get(spec.name);
    const shape = shapeText === undefined ? undefined : parseShape(shapeText);
    const source = given.get(spec.name);
    if (source !== undefined) return parseTensor(spec, readSource(source), shape);
    if (flags.random !== undefined) {
      return randomTensor(spec, positive(flags.random, "--random"), shape);
    }
    throw new KvringError(
      "INPUT_MISSING",
      `input "${spec.name}" (${spec.datatype}[${spec.shape}]) is missing: give --input ${spec.name}=… or --random 1`,
    );
  });
}

function readSource(source: string): unknown {
  const json = source.startsWith("@") ? readFileSync(source.slice(1), "utf8") : source;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new KvringError("BAD_CONFIG", "an --input is not JSON, as in --input 'x=[1,2,3]'", {
      cause: error,
    });
  }
}

function named(list: readonly string[], flag: string): Map<string, string> {
  return new Map(
    list.map((item) => {
      const at = item.indexOf("=");
      if (at > 0) return [item.slice(0, at), item.slice(at + 1)];
      throw new KvringError("BAD_CONFIG", `${flag} "${item}" must be name=value`);
    }),
  );
}

function readParameters(flags: InferFlags): Parameter[] {
  const text = (name: string, value: string | undefined): Parameter[] =>
    value === undefined ? [] : [{ name, kind: "string", value }];
  return [
    ...text("cache_control", flags.cacheControl),
    ...text("cache_tags", flags.cacheTags),
    ...text("cache_ttl_ms", flags.cacheTtlMs),
    ...(flags.cacheDebug ? [{ name: "cache_debug", kind: "bool", value: true } as const] : []),
  ];
}

function positive(value: string, flag: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new KvringError("BAD_CONFIG", `${flag} is "${value}", but must be a whole number`);
}

function report(answer: Answer, ms: number, asJson: boolean): void {
  const debug = [...answer.parameters.values()].filter(({ name }) =>
    name.startsWith("cache_debug"),
  );
  if (asJson) {
    printJson({
      model: answer.model,
      version: answer.version,
      cache_status: answer.cacheStatus,
      ms: Number(ms.toFixed(3)),
      outputs: answer.outputs.map((output) => ({
        name: output.name,
        datatype: output.datatype,
        shape: output.shape,
        data: output.datatype === "BYTES" ? decodeStrings(output.data) : formatTensor(output),
      })),
      ...Object.fromEntries(debug.map((parameter) => [parameter.name, showParameter(parameter)])),
    });
    return;
  }
  print(`${answer.cacheStatus}   ${ms.toFixed(2)} ms`);
  for (const parameter of debug) print(`  ${parameter.name} = ${showParameter(parameter)}`);
  for (const output of answer.outputs) {
    const values = output.datatype === "BYTES" ? decodeStrings(output.data) : formatTensor(output);
    const shown = values.slice(0, 12).map((value) => String(value));
    const more = values.length > shown.length ? `, … ${values.length} in all` : "";
    print(`  ${output.name} ${output.datatype}[${output.shape}]: ${shown.join(", ")}${more}`);
  }
}

function showParameter(parameter: Parameter): string {
  return parameter.kind === "none" ? "" : String(parameter.value);
}
