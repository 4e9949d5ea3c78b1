/** Runs fixtures that may kill the process they run in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type * as failing from "../fixtures/failing.ts";
import type * as unsupported from "../fixtures/unsupported.ts";

/** How far the child came, and the signal it died of, if it did. */
export interface ChildEnd {
  readonly stage: "started" | "loaded" | "ran";
  readonly signal: string | null;
}

type Feeds = Readonly<Record<string, readonly ["int32" | "float32", readonly number[]]>>;

const script = `
import { Tensor } from "onnxruntime-node";
import { openSession } from "./src/testing/session.ts";
import * as failing from "./src/fixtures/failing.ts";
import * as unsupported from "./src/fixtures/unsupported.ts";
const [fixture, feeds] = JSON.parse(process.argv[1]);
const say = (stage) => new Promise((said) => process.stdout.write(stage + "\\n", said));
await say("started");
const session = await openSession({ ...failing, ...unsupported }[fixture]());
await say("loaded");
const tensors = Object.entries(feeds).map(([name, [type, values]]) => [
  name,
  new Tensor(type, values, [values.length]),
]);
await session.run(Object.fromEntries(tensors));
await say("ran");
`;

export async function runInChild(
  fixture: keyof typeof failing | keyof typeof unsupported,
  feeds: Feeds,
): Promise<ChildEnd> {
  const child = spawn(
    process.execPath,
    ["--input-type=module", "--eval", script, JSON.stringify([fixture, feeds])],
    { cwd: join(import.meta.dirname, "..", ".."), stdio: ["ignore", "pipe", "ignore"] },
  );
  const [said, [, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { stage: said.trim().split("\n").at(-1) as ChildEnd["stage"], signal };
}
