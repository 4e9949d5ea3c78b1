export {
  type Answer,
  type CallOptions,
  describe,
  KvringClient,
  type ModelDescription,
} from "./client.ts";
