const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the system with its default. Reaching one is RESOURCE_EXHAUSTED, never growth. */
export const limits = Object.freeze({
  /** One gRPC message, and so one request or answer. */
  messageBytes: 64 * MiB,
  /** The memory of a cache node. */
  nodeBytes: 1024 * MiB,
  /** The near cache of a gateway. */
  nearCacheBytes: 64 * MiB,
  /** No entry lives longer, whatever its TTL says. */
  entryTtlMs: 24 * 60 * 60 * 1000,
  waitersPerKey: 4_096,
  inFlightPerGateway: 10_000,
  queueJobs: 100_000,
  queueBytes: 256 * MiB,
  /** Workers that may begin one computation without ending it, before it is failed. */
  attemptsPerJob: 2,
  tagsPerRequest: 16,
  tagBytes: 128,
  /** Bytes a peer of an Exchange stream may have sent that were not yet taken in. */
  creditBytes: 16 * MiB,
  /** Larger values and inputs travel on the bulk lane, and inputs are staged at the owner. */
  inlineBytes: 32 * KiB,
  chunkBytes: 64 * KiB,
  tensorRank: 16,
  nameBytes: 256,
});
