// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Stores an entry, and wakes who waits for it.
 */
export interface Put {
  /**
   * Empty: a copy for a replica, or a repair.
   */
  'token'?: (Buffer | Uint8Array | string);
  'entry'?: (Buffer | Uint8Array | string);
  /**
   * The entry's bytes, when they follow in chunks.
   */
  'bulkBytes'?: (number | string | Long);
  /**
   * False: wakes the waiters only.
   */
  'store'?: (boolean);
}

/**
 * Stores an entry, and wakes who waits for it.
 */
export interface Put__Output {
  /**
   * Empty: a copy for a replica, or a repair.
   */
  'token': (Buffer);
  'entry': (Buffer);
  /**
   * The entry's bytes, when they follow in chunks.
   */
  'bulkBytes': (string);
  /**
   * False: wakes the waiters only.
   */
  'store': (boolean);
}
