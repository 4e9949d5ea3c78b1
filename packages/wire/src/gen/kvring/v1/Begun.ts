// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

export interface Begun {
  /**
   * False: nobody waits any more, or another token has taken over. Do not compute.
   */
  'alive'?: (boolean);
  'input'?: (Buffer | Uint8Array | string);
  'bulkBytes'?: (number | string | Long);
  /**
   * How long anybody still waits.
   */
  'remainingMs'?: (number);
}

export interface Begun__Output {
  /**
   * False: nobody waits any more, or another token has taken over. Do not compute.
   */
  'alive': (boolean);
  'input': (Buffer);
  'bulkBytes': (string);
  /**
   * How long anybody still waits.
   */
  'remainingMs': (number);
}
