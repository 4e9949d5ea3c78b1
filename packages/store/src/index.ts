export type { Adaptation, CurvePoint, MissRatioCurves } from "./adaptation/curve.ts";
export { isSampled } from "./adaptation/key-sample.ts";
export { entryBytes } from "./charge.ts";
export { capacityRange, createStore, type StoreOptions } from "./create-store.ts";
export { FrequencySketch } from "./policies/frequency-sketch.ts";
export {
  type HeldValue,
  type PolicyChoice,
  type PolicyName,
  type PutOptions,
  policyChoices,
  policyNames,
  type Store,
  type StoreCounters,
  type StoredValue,
} from "./store.ts";
export { TraceCache, type TraceCacheOptions, type TraceRequest } from "./trace-cache.ts";
