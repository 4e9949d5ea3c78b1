export { type CacheNode, type CacheNodeOptions, createCacheNode } from "./cache-node.ts";
export {
  type CacheNodeProcess,
  defaultNodeOptions,
  type NodeOptions,
  startNode,
} from "./process.ts";
export type { NodeState, NodeStats } from "./stats.ts";
