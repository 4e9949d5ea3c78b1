import {
  activate,
  type Bus,
  type CatalogEntry,
  deactivate,
  type Stoppable,
  type WorkerRecord,
} from "@kvring/bus";
import { type Clock, KvringError, type Log, lifeRulesOf } from "@kvring/core";
import type { ModelArtifact, RejectedModel, RepositorySnapshot, Runtime } from "@kvring/runtime";
import type { JobRunner } from "../jobs/job-runner.ts";
import { ModelConsumer } from "./model-consumer.ts";

/** What became of an artifact here. */
type Hosted =
  | { readonly state: "serving"; readonly artifact: ModelArtifact; readonly consumer: Stoppable }
  /** Another artifact is active under this version, and a live worker holds it. */
  | { readonly state: "conflict"; readonly artifact: ModelArtifact; readonly activeDigest: string }
  | { readonly state: "refused"; readonly artifact: ModelArtifact; readonly reason: string };

/** No longer active, and still computed for who asked just before. */
interface Retiring {
  readonly digest: string;
  readonly consumer: Stoppable;
  readonly cancel: () => void;
}

export interface HostParts {
  readonly bus: Bus;
  readonly runtime: Runtime;
  readonly runner: JobRunner;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a replaced artifact goes on answering the jobs that were asked for just before. */
  readonly retireMs: number;
  /** Whether any live worker, this one excepted, computes the artifact. */
  readonly isHeldElsewhere: (digest: string) => boolean;
  readonly onChange: (record: Pick<WorkerRecord, "digests" | "rejected">) => void;
}

/**
 * Brings what a worker serves in line with its repository: loads, activates in the catalog,
 * consumes jobs. Snapshots are applied one after another; of those that arrive meanwhile only the
 * latest counts.
 */
export class ModelHost {
  readonly #parts: HostParts;
  readonly #hosted = new Map<string, Hosted>();
  readonly #retiring = new Set<Retiring>();
  #rejected: readonly RejectedModel[] = [];
  #latest: RepositorySnapshot | undefined;
  #applying: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /** Models that this worker computes now. */
  get serving(): number {
    return this.#serving().length;
  }

  /** Resolves when this snapshot, or a later one, has been applied. */
  async apply(snapshot: RepositorySnapshot): Promise<void> {
    this.#latest = snapshot;
    this.#applying ??= this.#applyLatest().finally(() => {
      this.#applying = undefined;
    });
    await this.#applying;
  }

  /** Looks again at what could not be served: the holder of another artifact may have gone. */
  async reconsider(): Promise<void> {
    const waits = [...this.#hosted.values()].some(({ state }) => state === "conflict");
    if (waits && this.#latest !== undefined) await this.apply(this.#latest);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    // What could not be applied, for want of a bus, keeps nobody from leaving.
    await this.#applying?.catch(() => {});
    const consumers = [
      ...this.#serving().map(({ consumer }) => consumer),
      ...[...this.#retiring].map(({ cancel, consumer }) => {
        cancel();
        return consumer;
      }),
    ];
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }

  #serving(): Extract<Hosted, { state: "serving" }>[] {
    return [...this.#hosted.values()].filter((hosted) => hosted.state === "serving");
  }

  async #applyLatest(): Promise<void> {
    let applied: RepositorySnapshot | undefined;
    while (!this.#stopped && this.#latest !== undefined && this.#latest !== applied) {
      applied = this.#latest;
      await this.#applyOne(applied);
    }
  }

  async #applyOne(snapshot: RepositorySnapshot): Promise<void> {
    const wanted = new Map(snapshot.models.map((artifact) => [nameOf(artifact), artifact]));
    for (const [name, artifact] of wanted) {
      const before = this.#hosted.get(name);
      if (isSettled(before, artifact)) continue;
      const now = await this.#host(artifact, before);
      this.#hosted.set(name, now);
      if (before?.state === "serving" && now !== before) this.#retire(before);
      this.#announce();
    }
    for (const [name, hosted] of this.#hosted) {
      if (wanted.has(name)) continue;
      this.#hosted.delete(name);
      if (hosted.state === "serving") await this.#withdraw(hosted);
    }
    this.#rejected = snapshot.rejected;
    this.#announce();
  }

  async #host(artifact: ModelArtifact, before: Hosted | undefined): Promise<Hosted> {
    const { bus, runtime, runner, log } = this.#parts;
    const { name: model, version, digest } = artifact;
    try {
      // The same artifact with another configuration is only activated anew.
      if (before?.state === "serving" && before.artifact.digest === digest) {
        await activate(bus.registry, entryOf(artifact), digest);
        await runtime.load(artifact);
        return { ...before, artifact };
      }
      await runtime.load(artifact);
      // Consumed before it is active: no job of it may find nobody.
      const consumer = await ModelConsumer.start(bus.queue, this.#parts.clock, {
        digest,
        slots: runtime.slots,
        appetite: () => runtime.appetite(digest),
        handle: (delivery) => runner.run(artifact, delivery),
      });
      const active = await this.#activate(artifact, before).catch(async (error) => {
        // Or the next try would consume a second time.
        await consumer.stop();
        throw error;
      });
      if (active === digest) {
        log.info({ model, version, digest }, "a model is served");
        return { state: "serving", artifact, consumer };
      }
      await this.#release(digest, consumer);
      log.warn(
        { model, version, digest, activeDigest: active },
        "another worker holds this version with other bytes; only the active one is served",
      );
      return { state: "conflict", artifact, activeDigest: active };
    } catch (error) {
      const { reason, message } = KvringError.from(error);
      if (reason === "BUS_UNAVAILABLE" || reason === "BUS_CONFLICT") throw error;
      log.error({ model, version, reason }, `a model cannot be served: ${message}`);
      return { state: "refused", artifact, reason: message };
    }
  }

  /**
   * The digest that is active afterwards. Ours takes the place of the one we served before, and of
   * one that nobody holds any more.
   */
  async #activate(artifact: ModelArtifact, before: Hosted | undefined): Promise<string> {
    const { registry } = this.#parts.bus;
    const entry = entryOf(artifact);
    let expected = before?.state === "serving" ? before.artifact.digest : undefined;
    for (;;) {
      const activation = await activate(registry, entry, expected);
      if (activation.outcome === "activated") return artifact.digest;
      const active = activation.current?.digest;
      if (active !== undefined && this.#parts.isHeldElsewhere(active)) return active;
      if (active === expected) {
        throw new KvringError("BUS_CONFLICT", "the catalog changed its mind twice; trying again");
      }
      expected = active;
    }
  }

  async #withdraw(hosted: Extract<Hosted, { state: "serving" }>): Promise<void> {
    const { bus, isHeldElsewhere, log } = this.#parts;
    const { name, version, digest } = hosted.artifact;
    if (!isHeldElsewhere(digest)) await deactivate(bus.registry, name, version, digest);
    this.#retire(hosted);
    log.info({ model: name, version }, "a model was taken from the repository");
  }

  #retire({ artifact, consumer }: Extract<Hosted, { state: "serving" }>): void {
    const { digest } = artifact;
    const cancel = this.#parts.clock.after(this.#parts.retireMs, () => {
      this.#retiring.delete(retiring);
      void this.#release(digest, consumer);
    });
    const retiring: Retiring = { digest, consumer, cancel };
    this.#retiring.add(retiring);
  }

  /** The same bytes may be needed still: under another name, or again under this one. */
  async #release(digest: string, consumer: Stoppable): Promise<void> {
    const { runtime, log } = this.#parts;
    try {
      await consumer.stop();
      const isServed = this.#serving().some(({ artifact }) => artifact.digest === digest);
      const isRetiring = [...this.#retiring].some((retiring) => retiring.digest === digest);
      if (!isServed && !isRetiring) await runtime.unload(digest);
    } catch (error) {
      const { reason, message } = KvringError.from(error);
      log.warn({ digest, reason }, `a model could not be let go: ${message}`);
    }
  }

  #announce(): void {
    const refused = [...this.#hosted.values()].flatMap((hosted) => reject(hosted) ?? []);
    this.#parts.onChange({
      digests: this.#serving().map(({ artifact }) => artifact.digest),
      rejected: [...this.#rejected, ...refused].map(({ name, version, reason }) => ({
        name,
        version,
        reason,
      })),
    });
  }
}

function reject(hosted: Hosted): RejectedModel | undefined {
  const { name, version } = hosted.artifact;
  switch (hosted.state) {
    case "serving":
      return undefined;
    case "conflict":
      return { name, version, reason: `other bytes are active: ${hosted.activeDigest}` };
    case "refused":
      return { name, version, reason: hosted.reason };
  }
}

/** A conflict is looked at again each time, everything else only when the artifact changes. */
function isSettled(before: Hosted | undefined, artifact: ModelArtifact): boolean {
  if (before === undefined || before.state === "conflict") return false;
  const sameConfig = JSON.stringify(before.artifact.config) === JSON.stringify(artifact.config);
  return before.artifact.digest === artifact.digest && sameConfig;
}

function nameOf(artifact: ModelArtifact): string {
  return `${artifact.name}/${artifact.version}`;
}

function entryOf(artifact: ModelArtifact): CatalogEntry {
  const { name, version, digest, signature, config } = artifact;
  return {
    model: name,
    version,
    digest,
    platform: "onnxruntime_onnx",
    inputs: signature.inputs.map((spec) => ({ ...spec, shape: [...spec.shape] })),
    outputs: signature.outputs.map((spec) => ({ ...spec, shape: [...spec.shape] })),
    tags: [...config.tags],
    ...lifeRulesOf(config),
  };
}
