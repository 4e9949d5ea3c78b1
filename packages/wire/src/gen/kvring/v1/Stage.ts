// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Leaves a job's input at the node until the token ends.
 */
export interface Stage {
  'token'?: (Buffer | Uint8Array | string);
  'input'?: (Buffer | Uint8Array | string);
  'bulkBytes'?: (number | string | Long);
}

/**
 * Leaves a job's input at the node until the token ends.
 */
export interface Stage__Output {
  'token': (Buffer);
  'input': (Buffer);
  'bulkBytes': (string);
}
