import { setImmediate } from "node:timers/promises";
import { activate, type Bus, catalogKey, createInProcessBus, type Registry } from "@kvring/bus";
import { KvringError, ManualClock, silentLog } from "@kvring/core";
import type { ModelArtifact, RejectedModel, Runtime } from "@kvring/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import type { JobRunner } from "../jobs/job-runner.ts";
import { ModelHost } from "./model-host.ts";

const a = digestOf("a");
const b = digestOf("b");

function digestOf(start: string): string {
  return start.padEnd(64, "0");
}

function artifact(digest: string, parts: Partial<ModelArtifact> = {}): ModelArtifact {
  return {
    name: "sums",
    version: "1",
    digest,
    path: `/models/${digest}`,
    signature: {
      inputs: [{ name: "a", datatype: "INT32", shape: [-1] }],
      outputs: [{ name: "sum", datatype: "INT32", shape: [-1] }],
    },
    config: { tags: [], versions: "all", threads: 1 },
    ...parts,
  };
}

/** Sessions that are only written down. */
class ScriptedRuntime implements Runtime {
  readonly slots = 2;
  readonly loaded = new Set<string>();
  readonly configs = new Map<string, ModelArtifact["config"]>();
  /** What `load` throws, by digest. */
  readonly broken = new Map<string, KvringError>();

  async load({ digest, config }: ModelArtifact): Promise<void> {
    this.configs.set(digest, config);
    const error = this.broken.get(digest);
    if (error !== undefined) throw error;
    this.loaded.add(digest);
  }

  async unload(digest: string): Promise<void> {
    this.loaded.delete(digest);
  }

  run(): never {
    throw new Error("the runner is scripted");
  }

  appetite(): number {
    return this.slots;
  }

  async close(): Promise<void> {}
}

interface Announced {
  readonly digests: readonly string[];
  readonly rejected: readonly RejectedModel[];
}

let clock: ManualClock;
let bus: Bus;

beforeEach(() => {
  clock = new ManualClock();
  bus = createInProcessBus({ clock });
});

/** One worker's host, on the bus that all of a test share. */
class Worker {
  readonly runtime = new ScriptedRuntime();
  /** Digests that live workers hold, this one excepted. */
  readonly others = new Set<string>();
  /** The artifacts by which jobs were run. */
  readonly ran: string[] = [];
  announced: Announced = { digests: [], rejected: [] };
  readonly host: ModelHost;

  constructor(on: Pick<Bus, "queue" | "registry"> = bus) {
    const runner = {
      run: async ({ digest }: ModelArtifact) => void this.ran.push(digest),
    };
    this.host = new ModelHost({
      bus: on as Bus,
      runtime: this.runtime,
      runner: runner as unknown as JobRunner,
      clock,
      log: silentLog,
      retireMs: 10_000,
      isHeldElsewhere: (digest) => this.others.has(digest),
      onChange: (record) => {
        this.announced = record;
      },
    });
  }

  apply(...models: readonly ModelArtifact[]): Promise<void> {
    return this.host.apply({ models, rejected: [] });
  }
}

/** The digest that the catalog has under a version. */
async function active(model = "sums", version = "1"): Promise<string | undefined> {
  const entry = await bus.registry.get(catalogKey(model, version));
  return entry && JSON.parse(Buffer.from(entry.value).toString()).digest;
}

let published = 0;

/** Publishes a job of the digest and lets the bus deliver it. */
async function publish(digest: string): Promise<void> {
  published += 1;
  const messageId = `job-${published}`;
  await bus.queue.publish({ digest, messageId, body: Buffer.from("job"), timeoutMs: 100 });
  await delivered();
}

async function delivered(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}

describe("a model of the repository", () => {
  test("is loaded, activated, announced and computed", async () => {
    const worker = new Worker();
    await worker.apply(
      artifact(a, { config: { ttlMs: 5, tags: ["t"], versions: "all", threads: 1 } }),
    );
    expect(await active()).toBe(a);
    expect(worker.announced).toEqual({ digests: [a], rejected: [] });
    expect(worker.host.serving).toBe(1);
    await publish(a);
    expect(worker.ran).toEqual([a]);
    const entry = await bus.registry.get(catalogKey("sums", "1"));
    expect(JSON.parse(Buffer.from(entry?.value ?? []).toString())).toMatchObject({
      platform: "onnxruntime_onnx",
      inputs: [{ name: "a", datatype: "INT32", shape: [-1] }],
      ttlMs: 5,
      tags: ["t"],
    });
  });

  test("that cannot be loaded is announced as such, and the others are served", async () => {
    const worker = new Worker();
    worker.runtime.broken.set(b, new KvringError("MODEL_UNSUPPORTED", "int4 is not supported"));
    await worker.host.apply({
      models: [artifact(b, { name: "bad" }), artifact(a)],
      rejected: [{ name: "torn", version: "2", reason: "the file is cut off" }],
    });
    expect(worker.announced).toEqual({
      digests: [a],
      rejected: [
        { name: "torn", version: "2", reason: "the file is cut off" },
        { name: "bad", version: "1", reason: "int4 is not supported" },
      ],
    });
    expect(await active("bad")).toBeUndefined();
  });

  test("that did not change is left alone", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    const before = await bus.registry.get(catalogKey("sums", "1"));
    await worker.apply(artifact(a));
    await publish(a);
    expect(worker.ran).toEqual([a]);
    expect(await bus.registry.get(catalogKey("sums", "1"))).toEqual(before);
  });

  test("whose configuration changed is activated anew, and the runtime is told of it", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    const config = { ttlMs: 7, tags: ["t"], versions: "all", threads: 1 } as const;
    await worker.apply(artifact(a, { config }));
    expect(worker.announced).toEqual({ digests: [a], rejected: [] });
    const entry = await bus.registry.get(catalogKey("sums", "1"));
    expect(Buffer.from(entry?.value ?? []).toString()).toContain('"ttlMs":7');
    expect(worker.runtime.configs.get(a)).toEqual(config);
    await publish(a);
    expect(worker.ran).toEqual([a]);
  });

  test("that was taken away is withdrawn, and computed for who asked just before", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    await worker.apply();
    expect(await active()).toBeUndefined();
    expect(worker.announced.digests).toEqual([]);
    clock.advance(9_999);
    await publish(a);
    expect(worker.ran).toEqual([a]);
    clock.advance(1);
    await delivered();
    expect(worker.runtime.loaded.size).toBe(0);
    await publish(a);
    expect(worker.ran).toEqual([a]);
  });

  test("that was taken away here stays in the catalog while others hold it", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    worker.others.add(a);
    await worker.apply();
    expect(await active()).toBe(a);
  });
});

describe("new bytes under an old version", () => {
  test("take its place at once; the old ones are let go after a while", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    await worker.apply(artifact(b));
    expect(await active()).toBe(b);
    expect(worker.announced.digests).toEqual([b]);
    await publish(a);
    await publish(b);
    expect(worker.ran).toEqual([a, b]);
    clock.advance(10_000);
    await delivered();
    expect([...worker.runtime.loaded]).toEqual([b]);
  });

  test("may be the old ones again before those were let go", async () => {
    const worker = new Worker();
    for (const digest of [a, b, a, b, a]) await worker.apply(artifact(digest));
    expect(await active()).toBe(a);
    clock.advance(10_000);
    await delivered();
    expect([...worker.runtime.loaded]).toEqual([a]);
    await publish(a);
    expect(worker.ran).toEqual([a]);
  });

  test("keep a retired artifact loaded until the last of its retirements ends", async () => {
    const worker = new Worker();
    await worker.apply(artifact(a));
    await worker.apply(artifact(b));
    clock.advance(6_000);
    await worker.apply(artifact(a));
    await worker.apply(artifact(b));
    clock.advance(4_000);
    await delivered();
    expect(worker.runtime.loaded.has(a)).toBe(true);
    await publish(a);
    expect(worker.ran).toEqual([a]);
    clock.advance(6_000);
    await delivered();
    expect([...worker.runtime.loaded]).toEqual([b]);
  });
});

describe("two workers with different bytes under one version", () => {
  test("are a conflict: only what was activated first is served", async () => {
    const [first, second] = [new Worker(), new Worker()];
    await first.apply(artifact(a));
    second.others.add(a);
    await second.apply(artifact(b));
    expect(await active()).toBe(a);
    expect(second.host.serving).toBe(0);
    expect(second.runtime.loaded.size).toBe(0);
    expect(second.announced).toEqual({
      digests: [],
      rejected: [{ name: "sums", version: "1", reason: `other bytes are active: ${a}` }],
    });
    await publish(b);
    expect(second.ran).toEqual([]);
  });

  test("end when the holder of the other bytes is gone", async () => {
    await activate(bus.registry, { ...entryOf(a) }, undefined);
    const worker = new Worker();
    worker.others.add(a);
    await worker.apply(artifact(b));
    await worker.host.reconsider();
    expect(await active()).toBe(a);
    worker.others.delete(a);
    await worker.host.reconsider();
    expect(await active()).toBe(b);
    expect(worker.announced).toEqual({ digests: [b], rejected: [] });
    await publish(b);
    expect(worker.ran).toEqual([b]);
  });

  test("of whom none lives any more leave the version to who comes", async () => {
    await activate(bus.registry, entryOf(a), undefined);
    const worker = new Worker();
    await worker.apply(artifact(b));
    expect(await active()).toBe(b);
  });

  test("do not take away the same bytes that are served under another name", async () => {
    await activate(bus.registry, entryOf(b), undefined);
    const worker = new Worker();
    worker.others.add(b);
    await worker.apply(artifact(a, { name: "copy" }), artifact(a));
    expect(worker.announced.digests).toEqual([a]);
    expect(worker.runtime.loaded.has(a)).toBe(true);
  });

  function entryOf(digest: string) {
    const { name, version, signature } = artifact(digest);
    return {
      model: name,
      version,
      digest,
      platform: "onnxruntime_onnx",
      inputs: signature.inputs.map((spec) => ({ ...spec, shape: [...spec.shape] })),
      outputs: signature.outputs.map((spec) => ({ ...spec, shape: [...spec.shape] })),
      tags: [],
    };
  }
});

describe("while the bus cannot be reached", () => {
  /** The bus, with a registry that fails to write so many times. */
  function failing(times: number): Pick<Bus, "queue" | "registry"> {
    let left = times;
    const { registry } = bus;
    const failingRegistry: Registry = {
      get: (key) => registry.get(key),
      delete: (key, expected) => registry.delete(key, expected),
      watch: (prefix, onChange) => registry.watch(prefix, onChange),
      put: async (key, value, expected) => {
        left -= 1;
        if (left >= 0) throw new KvringError("BUS_UNAVAILABLE", "not now");
        return registry.put(key, value, expected);
      },
    };
    return { queue: bus.queue, registry: failingRegistry };
  }

  test("a snapshot is not applied; trying again serves it, and consumes it once", async () => {
    const worker = new Worker(failing(2));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(worker.apply(artifact(a))).rejects.toMatchObject({ reason: "BUS_UNAVAILABLE" });
      expect(worker.host.serving).toBe(0);
    }
    await worker.apply(artifact(a));
    expect(worker.announced.digests).toEqual([a]);
    await worker.host.stop();
    await publish(a);
    // Nothing consumes any more: no consumer was left behind by the attempts.
    expect(worker.ran).toEqual([]);
    expect(await bus.queue.depth()).toBe(1);
  });
});

describe("snapshots that come while one is applied", () => {
  test("are applied after it, and of several only the last", async () => {
    const worker = new Worker();
    const c = digestOf("c");
    const loads: string[] = [];
    const { load } = worker.runtime;
    worker.runtime.load = (model) => {
      loads.push(model.digest);
      return load.call(worker.runtime, model);
    };
    await Promise.all([
      worker.apply(artifact(a)),
      worker.apply(artifact(c)),
      worker.apply(artifact(b)),
    ]);
    expect(loads).toEqual([a, b]);
    expect(await active()).toBe(b);
  });
});

test("a host that was stopped consumes nothing, retiring artifacts included", async () => {
  const worker = new Worker();
  await worker.apply(artifact(a));
  await worker.apply(artifact(b));
  await worker.host.stop();
  await publish(a);
  await publish(b);
  expect(worker.ran).toEqual([]);
  clock.advance(60_000);
  await delivered();
  expect(worker.runtime.loaded.size).toBe(2);
});
