// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A place in the control log. Positions of different epochs are not comparable.
 */
export interface Position {
  'epoch'?: (number | string | Long);
  'sequence'?: (number | string | Long);
}

/**
 * A place in the control log. Positions of different epochs are not comparable.
 */
export interface Position__Output {
  'epoch': (string);
  'sequence': (string);
}
