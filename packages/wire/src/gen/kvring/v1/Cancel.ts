// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

/**
 * The asker no longer waits for an earlier operation of this session.
 */
export interface Cancel {
  'operationId'?: (number | string | Long);
}

/**
 * The asker no longer waits for an earlier operation of this session.
 */
export interface Cancel__Output {
  'operationId': (string);
}
