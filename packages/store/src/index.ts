export { entryBytes } from "./charge.ts";
export { capacityRange, createStore, type StoreOptions } from "./create-store.ts";
export { FrequencySketch } from "./policies/frequency-sketch.ts";
export {
  type HeldValue,
  type PolicyName,
  type PutOptions,
  policyNames,
  type Store,
  type StoreCounters,
  type StoredValue,
} from "./store.ts";
export { TraceCache, type TraceCacheOptions, type TraceRequest } from "./trace-cache.ts";
