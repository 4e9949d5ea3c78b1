import type { LifeRules, ModelIdentity, ModelSignature, Tensor } from "@kvring/core";

/** A model of the repository that may be served: its signature was read, not executed. */
export interface ModelArtifact extends ModelIdentity {
  readonly path: string;
  readonly signature: ModelSignature;
  /** Operators in it that let rows depend on each other. */
  readonly hazards?: readonly string[];
  readonly config: ModelConfig;
}

/** `<dir>/<model>/config.json`, validated. */
export interface ModelConfig extends LifeRules {
  /** Tags that every answer of this model carries. */
  readonly tags: readonly string[];
  /** Which versions are served. */
  readonly versions: "all" | "latest" | readonly string[];
  /** Intra-op threads of one session; "auto": as many as are found to answer the most. */
  readonly threads: number | "auto";
  /** How jobs are computed together; undefined: each alone. */
  readonly batching?: BatchingConfig | undefined;
}

/** Applies only to a model whose rows answer the same in company: see docs/adr-0015-batching.md. */
export interface BatchingConfig {
  /** Rows of one batch at most. */
  readonly maxSize: number;
  /** How long a job that could begin may be held back for company. */
  readonly maxDelayMs: number;
  /** By how much of itself (or of 1) a float may differ from what it is alone; 0: by no bit. */
  readonly tolerance: number;
}

/** A directory entry that cannot be served, and why; the others are. */
export interface RejectedModel {
  readonly name: string;
  readonly version: string;
  readonly reason: string;
}

export interface RepositorySnapshot {
  readonly models: readonly ModelArtifact[];
  readonly rejected: readonly RejectedModel[];
}

export interface Computation {
  readonly outputs: readonly Tensor[];
  /** Of a batch, its share by rows. */
  readonly computeMs: number;
  /** Rows that were computed together; 1 where nothing is batched. */
  readonly batchRows: number;
}

/** Sessions in child processes. */
export interface Runtime {
  /** Computations it can do at a time. */
  readonly slots: number;
  /**
   * Throws MODEL_UNSUPPORTED, MODEL_INVALID (the file cannot be loaded) or MODEL_CRASHED (loading
   * it killed the child).
   */
  load(artifact: ModelArtifact): Promise<void>;
  unload(digest: string): Promise<void>;
  /**
   * Throws MODEL_FAILED when the model reports an error, MODEL_CRASHED when the child died under
   * it. The outputs come in the order asked, raw.
   */
  run(digest: string, inputs: readonly Tensor[], outputs: readonly string[]): Promise<Computation>;
  /**
   * Jobs of a model that are worth having here at a time: as many as run at once, each with the
   * company that makes rows cheaper. Changes as costs are learned.
   */
  appetite(digest: string): number;
  close(): Promise<void>;
}
