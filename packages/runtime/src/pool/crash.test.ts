import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Tensor } from "@kvring/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ModelArtifact } from "../api.ts";
import { float64, floats, int64, servedModel, smuggledModel } from "../testing/models.ts";
import {
  foldingModel,
  gatherModel,
  identityModel,
  int4Model,
  loopModel,
  types,
} from "../testing/onnx.ts";
import { TemporaryRepository } from "../testing/repository.ts";
import { type ChildRuntime, createRuntime } from "./runtime.ts";

/** Starting a process takes half a second, and many when the machine is busy. */
const waitMs = 20_000;
vi.setConfig({ testTimeout: waitMs, hookTimeout: waitMs });
/** Longer than any test: what runs it must be killed. */
const forever = [int64("times", 2n ** 50n), float64("x", 0)];

let repository: TemporaryRepository;
let gather: ModelArtifact;
let loop: ModelArtifact;
beforeAll(async () => {
  repository = await TemporaryRepository.create();
  await repository.write("gather/1/model.onnx", gatherModel());
  await repository.write("loop/1/model.onnx", loopModel());
  await repository.write("float/1/model.onnx", identityModel(types.float, [4]));
  gather = await servedModel(repository, "gather");
  loop = await servedModel(repository, "loop");
});
afterAll(() => repository.remove());

async function gathers(runtime: ChildRuntime): Promise<void> {
  const { outputs } = await runtime.run(gather.digest, [int64("i", 0n)], ["y"]);
  expect(outputs[0]?.data).toEqual(floats("y", 1.5).data);
}

describe("one process", () => {
  let runtime: ChildRuntime;
  let restartsBefore: number;
  beforeAll(async () => {
    runtime = await createRuntime();
    await runtime.load(gather);
    await runtime.load(loop);
  });
  beforeEach(async () => {
    await gathers(runtime);
    restartsBefore = runtime.status.processes[0]?.restarts ?? 0;
  });
  afterAll(() => runtime.close());

  function run(model: ModelArtifact, inputs: readonly Tensor[]) {
    return runtime.run(model.digest, inputs, ["y"]);
  }

  function child() {
    const { pid, task, restarts = 0 } = runtime.status.processes[0] ?? {};
    assert(pid !== undefined, "the child is alive");
    return { pid, task, restarts: restarts - restartsBefore };
  }

  test("killed under a job: that job fails, the next succeeds in the one that follows", async () => {
    const doomed = run(loop, forever);
    const waiting = gathers(runtime);
    expect(runtime.status.waiting).toBe(1);
    expect(child().task).toBe("run");
    process.kill(child().pid, "SIGKILL");
    await expect(doomed).rejects.toMatchObject({
      reason: "MODEL_CRASHED",
      message: 'model "loop" version 1: the process that ran it died of SIGKILL',
    });
    await waiting;
    expect(child().restarts).toBe(1);
  });

  test("aborted by a model that runs: the reason is told, the others are served", async () => {
    const path = await repository.write("int4/1/model.onnx", int4Model());
    const int4 = await smuggledModel(path, await servedModel(repository, "float"), "int4");
    await runtime.load(int4);
    await expect(run(int4, [floats("x", 1, 2, 3, 4)])).rejects.toMatchObject({
      reason: "MODEL_CRASHED",
      message: expect.stringMatching(/"int4".* died of SIGABRT: .*out of memory/),
    });
    await gathers(runtime);
    await runtime.unload(int4.digest);
  });

  test("killed by a model that is loaded: that one is given up, the others are served", async () => {
    await repository.write("folding/1/model.onnx", foldingModel());
    const folding = await servedModel(repository, "folding");
    const loading = runtime.load(folding);
    expect(child().task).toBe("load");
    process.kill(child().pid, "SIGKILL");
    await expect(loading).rejects.toMatchObject({ reason: "MODEL_CRASHED" });
    await gathers(runtime);
    // The child that followed was not given it, and nobody can make it take it.
    await expect(runtime.load(folding)).rejects.toMatchObject({ reason: "MODEL_CRASHED" });
    expect(child().restarts).toBe(1);
  });

  test("is the first to go when memory runs out", () => {
    expect(readFileSync(`/proc/${child().pid}/oom_score_adj`, "utf8").trim()).toBe("500");
  });

  test("asked to stop by whoever stops the whole group: it goes on, its parent decides", async () => {
    process.kill(child().pid, "SIGTERM");
    process.kill(child().pid, "SIGINT");
    await gathers(runtime);
    expect(child().restarts).toBe(0);
  });

  test("closed under a job and with jobs waiting: they fail, and the process is gone", async () => {
    const { pid } = child();
    const outcomes = Promise.allSettled([run(loop, forever), run(gather, [int64("i", 0n)])]);
    await runtime.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ reason: { reason: "DRAINING" } });
    }
    expect(isAlive(pid)).toBe(false);
    await expect(gathers(runtime)).rejects.toThrow();
  });
});

test("of two processes, one's death leaves the other's job alone", async () => {
  const runtime = await createRuntime({ processes: 2 });
  expect(runtime.slots).toBe(2);
  await runtime.load(loop);
  await vi.waitFor(() => {
    expect(runtime.status.processes.map(({ step }) => step)).toEqual(["idle", "idle"]);
  }, waitMs);
  const doomed = runtime.run(loop.digest, forever, ["y"]);
  const surviving = runtime.run(loop.digest, [int64("times", 200_000n), float64("x", 0)], ["y"]);
  const busy = runtime.status.processes.map(({ task, pid }) => ({ task, pid: pid ?? 0 }));
  expect(busy.map(({ task }) => task)).toEqual(["run", "run"]);
  process.kill(busy[0]?.pid ?? 0, "SIGKILL");
  await expect(doomed).rejects.toMatchObject({ reason: "MODEL_CRASHED" });
  expect((await surviving).outputs[0]?.data).toEqual(float64("y", 200_000).data);
  await runtime.close();
});

test("a parent that dies, however it does, takes its child along in the middle of a job", async () => {
  const script = fileURLToPath(new URL("../testing/orphan-parent.ts", import.meta.url));
  const alone = await TemporaryRepository.create();
  await alone.write("loop/1/model.onnx", loopModel());
  const parent = spawn(process.execPath, [script, alone.dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const child = Number(line);
  expect(isAlive(child)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isAlive(child)).toBe(false), waitMs);
  await alone.remove();
});

test.each([0, 65, 1.5])("%d processes are refused", async (processes) => {
  await expect(createRuntime({ processes })).rejects.toMatchObject({
    reason: "BAD_CONFIG",
    message: `processes is ${processes}, it must be a whole number from 1 to 64`,
  });
});

/** A zombie that nobody has taken notice of yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
