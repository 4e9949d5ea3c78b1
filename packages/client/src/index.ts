export {
  type Answer,
  type CallOptions,
  describe,
  type Invalidated,
  KvringClient,
  type ModelDescription,
} from "./client.ts";
