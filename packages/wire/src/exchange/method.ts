import type { MethodDefinition } from "@grpc/grpc-js";

const asItIs = (frame: Buffer) => frame;

/** `kvring.v1.CacheNode/Exchange` without protobufjs: frames are read and written by our codecs. */
export const exchangeMethod: MethodDefinition<Buffer, Buffer> = Object.freeze({
  path: "/kvring.v1.CacheNode/Exchange",
  requestStream: true,
  responseStream: true,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
  originalName: "exchange",
});
