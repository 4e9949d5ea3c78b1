// Original file: proto/kvring/v1/node.proto

import type { Hello as _kvring_v1_Hello, Hello__Output as _kvring_v1_Hello__Output } from '../../kvring/v1/Hello.ts';
import type { Operation as _kvring_v1_Operation, Operation__Output as _kvring_v1_Operation__Output } from '../../kvring/v1/Operation.ts';
import type { Chunk as _kvring_v1_Chunk, Chunk__Output as _kvring_v1_Chunk__Output } from '../../kvring/v1/Chunk.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * All operations of one event-loop turn.
 */
export interface ExchangeRequest {
  'hello'?: (_kvring_v1_Hello | null);
  'operations'?: (_kvring_v1_Operation)[];
  'chunk'?: (_kvring_v1_Chunk | null);
  /**
   * Bytes taken in since the last message: the receiver may send that many more.
   */
  'creditBytes'?: (number | string | Long);
  /**
   * The ring the sender routes by.
   */
  'ringVersion'?: (number | string | Long);
}

/**
 * All operations of one event-loop turn.
 */
export interface ExchangeRequest__Output {
  'hello': (_kvring_v1_Hello__Output | null);
  'operations': (_kvring_v1_Operation__Output)[];
  'chunk': (_kvring_v1_Chunk__Output | null);
  /**
   * Bytes taken in since the last message: the receiver may send that many more.
   */
  'creditBytes': (string);
  /**
   * The ring the sender routes by.
   */
  'ringVersion': (string);
}
