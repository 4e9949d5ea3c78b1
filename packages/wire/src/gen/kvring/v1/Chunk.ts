// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A piece of the value that an operation or result of this lane announced with bulk_bytes.
 */
export interface Chunk {
  'operationId'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'bytes'?: (Buffer | Uint8Array | string);
}

/**
 * A piece of the value that an operation or result of this lane announced with bulk_bytes.
 */
export interface Chunk__Output {
  'operationId': (string);
  'offset': (string);
  'bytes': (Buffer);
}
