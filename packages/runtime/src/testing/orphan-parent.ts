/** A parent that dies while its child computes: says the child's pid, and waits for its end. */
import { strict as assert } from "node:assert";
import { createRuntime } from "../pool/runtime.ts";
import { readRepository } from "../repository/repository.ts";

const [dir] = process.argv.slice(2);
assert(dir !== undefined, "the repository is the argument");
const runtime = await createRuntime();
const { models } = await readRepository(dir);
const [model] = models;
assert(model !== undefined, "the repository holds a model that loops");
await runtime.load(model);
const times = Buffer.from(BigInt64Array.of(2n ** 50n).buffer);
const running = runtime.run(
  model.digest,
  [
    { name: "times", datatype: "INT64", shape: [], data: times },
    { name: "x", datatype: "FP64", shape: [], data: new Uint8Array(8) },
  ],
  ["y"],
);
process.stdout.write(`${runtime.status.processes[0]?.pid}\n`);
await running;
