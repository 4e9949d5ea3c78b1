// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

/**
 * The first record of a log's life.
 */
export interface Epoch {
  'epoch'?: (number | string | Long);
}

/**
 * The first record of a log's life.
 */
export interface Epoch__Output {
  'epoch': (string);
}
