export {
  type Activation,
  activate,
  type CatalogEntry,
  catalogKey,
  deactivate,
  watchCatalog,
} from "./catalog.ts";
export { createInProcessBus, type InProcessBusOptions } from "./in-process/bus.ts";
export {
  type Eviction,
  evictMember,
  type Joining,
  joinRing,
  type Leaving,
  leaveRing,
  type RingMember,
  type RingRecord,
  updateMember,
  watchRing,
} from "./membership.ts";
export { connectNatsBus, type NatsBusOptions } from "./nats/bus.ts";
export { type BusLimits, defaultBusLimits } from "./options.ts";
export * from "./ports.ts";
export {
  announceRecord,
  type GatewayRecord,
  type NodeRecord,
  type RecordAnnouncement,
  type WorkerRecord,
  watchRecords,
} from "./presence-records.ts";
