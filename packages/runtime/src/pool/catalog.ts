import { KvringError, type Log } from "@kvring/core";
import type { ModelArtifact } from "../api.ts";
import type { Reply } from "../child/messages.ts";
import type { Task } from "./slot.ts";

const maxModels = 4096;
/** A child may be killed over a model that it had served before for no fault of the model's. */
const maxStrikes = 2;

type ModelState =
  /** The first free child will try it: only one, since it may be killed by that. */
  | { readonly step: "wanted" }
  | { readonly step: "trying" }
  /** Every child loads it before it does anything else. */
  | { readonly step: "serving"; readonly strikes: number }
  /** No child is to load it again. */
  | { readonly step: "failed"; readonly error: KvringError };

interface Entry {
  artifact: ModelArtifact;
  readonly tried: PromiseWithResolvers<void>;
  state: ModelState;
}

/**
 * Which models the children are to hold. It is what is wanted, they compare it with what they hold,
 * and so a child that was restarted loads everything again without anybody telling it to.
 */
export class Catalog {
  readonly #entries = new Map<string, Entry>();
  /** Up to which change a child, known by the set of what it holds, has nothing left to do. */
  readonly #settled = new WeakMap<ReadonlySet<string>, number>();
  #changes = 0;
  readonly #log: Log;
  readonly #onChange: () => void;

  /** `onChange` is called when children may have something to do, or a model is gone. */
  constructor(log: Log, onChange: () => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /**
   * Resolves when a child has loaded it; rejects with MODEL_INVALID, MODEL_UNSUPPORTED or
   * MODEL_CRASHED. What killed a child is refused at once until it is removed.
   */
  async add(artifact: ModelArtifact): Promise<void> {
    const known = this.#entries.get(artifact.digest);
    if (known !== undefined && !mayRetry(known.state)) {
      // The same bytes under another name: where they were found last, they are likeliest to stay.
      known.artifact = artifact;
      return await known.tried.promise;
    }
    if (this.#entries.size >= maxModels) {
      throw new KvringError("MODEL_UNAVAILABLE", `at most ${maxModels} models can be loaded`);
    }
    const tried = Promise.withResolvers<void>();
    tried.promise.catch(() => {});
    this.#entries.set(artifact.digest, { artifact, tried, state: { step: "wanted" } });
    this.#changed();
    await tried.promise;
  }

  remove(digest: string): void {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    this.#entries.delete(digest);
    const { step } = entry.state;
    if (step === "wanted" || step === "trying") {
      const sentence = `${label(entry.artifact)} was unloaded before it was loaded`;
      entry.tried.reject(new KvringError("MODEL_UNAVAILABLE", sentence));
    }
    this.#changed();
  }

  /** Rejects every load that nobody will try any more. */
  close(error: KvringError): void {
    for (const { tried } of this.#entries.values()) tried.reject(error);
    this.#entries.clear();
  }

  /** Throws MODEL_NOT_FOUND, MODEL_UNAVAILABLE, or why the model failed. */
  serving(digest: string): ModelArtifact {
    const entry = this.#entries.get(digest);
    if (entry === undefined) {
      throw new KvringError("MODEL_NOT_FOUND", `no model with digest ${digest} is loaded here`);
    }
    const { artifact, state } = entry;
    if (state.step === "serving") return artifact;
    if (state.step === "failed") throw state.error;
    throw new KvringError("MODEL_UNAVAILABLE", `${label(artifact)} is being loaded`);
  }

  /** The next step that brings a child to hold what it should; undefined when it does. */
  next(held: ReadonlySet<string>): Task | undefined {
    if (this.#settled.get(held) === this.#changes) return undefined;
    for (const digest of held) {
      const step = this.#entries.get(digest)?.state.step;
      if (step === undefined || step === "failed") return unload(digest);
    }
    for (const entry of this.#entries.values()) {
      const { step } = entry.state;
      if (step === "wanted" || (step === "serving" && !held.has(entry.artifact.digest))) {
        return this.#load(entry);
      }
    }
    this.#settled.set(held, this.#changes);
    return undefined;
  }

  #load(entry: Entry): Task {
    const { name, version, digest, path, config } = entry.artifact;
    const threads = config.threads === "auto" ? 1 : config.threads;
    if (entry.state.step === "wanted") entry.state = { step: "trying" };
    return {
      request: { kind: "load", model: { name, version, digest }, path, threads },
      settle: (reply) => this.#loaded(entry, reply),
      crashed: (why) => this.#crashed(entry, why),
    };
  }

  #loaded(entry: Entry, reply: Reply): void {
    if (!this.#isCurrent(entry)) return;
    if (reply.kind === "loaded") {
      this.#become(entry, { step: "serving", strikes: 0 });
      entry.tried.resolve();
    } else if (reply.kind === "failed") {
      this.#refused(entry, reply.error);
    }
  }

  #refused(entry: Entry, error: KvringError): void {
    if (entry.state.step === "trying") {
      this.#entries.delete(entry.artifact.digest);
      this.#changed();
      entry.tried.reject(error);
      return;
    }
    this.#log.error({ why: error.message }, "a model can no longer be loaded");
    this.#become(entry, { step: "failed", error });
  }

  #crashed(entry: Entry, why: string): void {
    if (!this.#isCurrent(entry)) return;
    const strikes = entry.state.step === "serving" ? entry.state.strikes + 1 : maxStrikes;
    if (strikes < maxStrikes) {
      this.#become(entry, { step: "serving", strikes });
      return;
    }
    const sentence = `${label(entry.artifact)} is not served: the process that loaded it ${why}`;
    const error = new KvringError("MODEL_CRASHED", sentence);
    this.#log.error({ why: sentence }, "a model killed the process that loaded it");
    this.#become(entry, { step: "failed", error });
    entry.tried.reject(error);
  }

  /** False for one that was removed while a child was loading it, and maybe added again. */
  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.artifact.digest) === entry;
  }

  #become(entry: Entry, state: ModelState): void {
    // A reload that went as it should changes nothing for the other children.
    const wasServing = entry.state.step === "serving" && state.step === "serving";
    entry.state = state;
    if (!wasServing) this.#changed();
  }

  #changed(): void {
    this.#changes += 1;
    this.#onChange();
  }
}

function mayRetry(state: ModelState): boolean {
  return state.step === "failed" && state.error.reason !== "MODEL_CRASHED";
}

function unload(digest: string): Task {
  return { request: { kind: "unload", digest }, settle() {}, crashed() {} };
}

/** A model as sentences name it. */
export function label({ name, version }: ModelArtifact): string {
  return `model "${name}" version ${version}`;
}
