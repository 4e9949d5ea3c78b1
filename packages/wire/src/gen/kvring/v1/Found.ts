// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

export interface Found {
  'entry'?: (Buffer | Uint8Array | string);
  'bulkBytes'?: (number | string | Long);
  /**
   * Whether the asker waited for a computation of somebody else (collapsed) or its own.
   */
  'waited'?: (boolean);
  /**
   * Whether the node keeps it: an answer that was computed may not be stored, or not fit.
   */
  'stored'?: (boolean);
}

export interface Found__Output {
  'entry': (Buffer);
  'bulkBytes': (string);
  /**
   * Whether the asker waited for a computation of somebody else (collapsed) or its own.
   */
  'waited': (boolean);
  /**
   * Whether the node keeps it: an answer that was computed may not be stored, or not fit.
   */
  'stored': (boolean);
}
