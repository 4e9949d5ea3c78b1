import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { exchangeMethod, loadServices } from "@kvring/wire";
import type { CacheNode } from "./cache-node.ts";

/** How long the Drain call waits for what is under way. */
const drainTimeoutMs = 30_000;

/** `kvring.v1.CacheNode`, with the Exchange as bytes. */
export function addCacheNodeService(
  server: Server,
  node: CacheNode,
  exchange: (call: ServerDuplexStream<Buffer, Buffer>) => void,
): void {
  const { service } = loadServices().kvring.v1.CacheNode;
  server.addService(
    { Stats: service.Stats, Drain: service.Drain, Exchange: exchangeMethod },
    {
      Exchange: exchange,
      Stats: (_call: unknown, callback: (error: null, stats: object) => void) => {
        callback(null, node.stats());
      },
      Drain: (_call: unknown, callback: (error: null, response: object) => void) => {
        void node.drain(drainTimeoutMs).then((drained) => callback(null, { drained }));
      },
    },
  );
}
