export type {
  Computation,
  ModelArtifact,
  ModelConfig,
  RejectedModel,
  RepositorySnapshot,
  Runtime,
} from "./api.ts";
export {
  type ChildRuntime,
  createRuntime,
  type RuntimeOptions,
  type RuntimeStatus,
} from "./pool/runtime.ts";
export { readRepository } from "./repository/repository.ts";
export { type WatchOptions, watchRepository } from "./repository/watch.ts";
export { readSignature } from "./signature.ts";
export { AutoThreads } from "./tuning/auto-threads.ts";
export { chooseTrial, type Trial, type TrialPlan, tuneModel } from "./tuning/tune.ts";
