import type { MethodDefinition } from "@grpc/grpc-js";
import { messageIn } from "@kvring/wire";

/**
 * The method with its messages left as bytes: requests are scanned, not decoded, and answers, which
 * handlers give as frames, are sent as they were stored.
 */
export function rawMethod(
  method: MethodDefinition<object, object>,
): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: (frame) => asBuffer(messageIn(frame)),
    responseDeserialize: (bytes) => bytes,
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
