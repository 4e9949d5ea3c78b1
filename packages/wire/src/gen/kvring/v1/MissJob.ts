// Original file: proto/kvring/v1/control.proto

import type { Position as _kvring_v1_Position, Position__Output as _kvring_v1_Position__Output } from '../../kvring/v1/Position.ts';
import type { Owner as _kvring_v1_Owner, Owner__Output as _kvring_v1_Owner__Output } from '../../kvring/v1/Owner.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * One computation that somebody waits for. Its message id is key + token + born.
 */
export interface MissJob {
  'key'?: (Buffer | Uint8Array | string);
  /**
   * The fill token under which the answer is accepted. Empty in a direct job.
   */
  'token'?: (Buffer | Uint8Array | string);
  'model'?: (string);
  'version'?: (string);
  /**
   * 32 bytes: the artifact that must compute it.
   */
  'digest'?: (Buffer | Uint8Array | string);
  /**
   * The asker's log position when the miss was admitted; goes into the entry as it is.
   */
  'born'?: (_kvring_v1_Position | null);
  'scopes'?: (number | string | Long)[];
  /**
   * The life of the entry, 0: not to be stored.
   */
  'ttlMs'?: (number | string | Long);
  /**
   * The nodes that get the answer, the one that holds the token first.
   */
  'owners'?: (_kvring_v1_Owner)[];
  /**
   * Where the answer goes when no node is asked (bypass, or no node reachable): a courier address.
   */
  'replyTo'?: (string);
  /**
   * The request as it came, a ModelInferRequest; empty when it is staged.
   */
  'request'?: (Buffer | Uint8Array | string);
  /**
   * Bytes of the request that the token's owner, or reply_to, hands out.
   */
  'stagedBytes'?: (number | string | Long);
  /**
   * W3C trace context.
   */
  'traceParent'?: (string);
  /**
   * How long past its life the entry is kept.
   */
  'staleMs'?: (number | string | Long);
  /**
   * The life of an error that the model reports for the input, 0: it is not stored.
   */
  'negativeTtlMs'?: (number | string | Long);
  /**
   * The eviction policy for the entry, empty: the node's own.
   */
  'policy'?: (string);
}

/**
 * One computation that somebody waits for. Its message id is key + token + born.
 */
export interface MissJob__Output {
  'key': (Buffer);
  /**
   * The fill token under which the answer is accepted. Empty in a direct job.
   */
  'token': (Buffer);
  'model': (string);
  'version': (string);
  /**
   * 32 bytes: the artifact that must compute it.
   */
  'digest': (Buffer);
  /**
   * The asker's log position when the miss was admitted; goes into the entry as it is.
   */
  'born': (_kvring_v1_Position__Output | null);
  'scopes': (string)[];
  /**
   * The life of the entry, 0: not to be stored.
   */
  'ttlMs': (string);
  /**
   * The nodes that get the answer, the one that holds the token first.
   */
  'owners': (_kvring_v1_Owner__Output)[];
  /**
   * Where the answer goes when no node is asked (bypass, or no node reachable): a courier address.
   */
  'replyTo': (string);
  /**
   * The request as it came, a ModelInferRequest; empty when it is staged.
   */
  'request': (Buffer);
  /**
   * Bytes of the request that the token's owner, or reply_to, hands out.
   */
  'stagedBytes': (string);
  /**
   * W3C trace context.
   */
  'traceParent': (string);
  /**
   * How long past its life the entry is kept.
   */
  'staleMs': (string);
  /**
   * The life of an error that the model reports for the input, 0: it is not stored.
   */
  'negativeTtlMs': (string);
  /**
   * The eviction policy for the entry, empty: the node's own.
   */
  'policy': (string);
}
