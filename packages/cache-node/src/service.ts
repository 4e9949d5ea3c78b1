import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";
import {
  encodeStatus,
  exchangeMethod,
  type FrameStream,
  GrpcServerStream,
  loadServices,
} from "@kvring/wire";
import type { NodeStats } from "./stats.ts";

/** `kvring.v1.CacheNode`, with the Exchange as bytes. */
export function addCacheNodeService(
  server: Server,
  node: {
    readonly stats: () => NodeStats;
    /** Whether nothing was cut off. */
    readonly leave: () => Promise<boolean>;
    readonly exchange: (stream: FrameStream) => void;
  },
): void {
  const { service } = loadServices().kvring.v1.CacheNode;
  server.addService(
    { Stats: service.Stats, Drain: service.Drain, Exchange: exchangeMethod },
    {
      Exchange: (call: ServerDuplexStream<Buffer, Buffer>) =>
        node.exchange(new GrpcServerStream(call)),
      Stats: (_call: unknown, callback: (error: null, stats: object) => void) => {
        callback(null, node.stats());
      },
      Drain: (_call: unknown, callback: (error: object | null, response?: object) => void) => {
        node.leave().then(
          (drained) => callback(null, { drained }),
          (error) => callback(encodeStatus(KvringError.from(error))),
        );
      },
    },
  );
}
