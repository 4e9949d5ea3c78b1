// Original file: proto/kvring/v1/node.proto

import type { Lane as _kvring_v1_Lane, Lane__Output as _kvring_v1_Lane__Output } from '../../kvring/v1/Lane.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * The first message of a stream, both ways.
 */
export interface Hello {
  'protocolVersion'?: (number);
  /**
   * Who speaks: a gateway's, worker's or node's id.
   */
  'peerId'?: (string);
  /**
   * Chosen by the client; joins its two lanes.
   */
  'sessionId'?: (string);
  'lane'?: (_kvring_v1_Lane);
  /**
   * Bytes the receiver of this message may send before it is given more.
   */
  'creditBytes'?: (number | string | Long);
}

/**
 * The first message of a stream, both ways.
 */
export interface Hello__Output {
  'protocolVersion': (number);
  /**
   * Who speaks: a gateway's, worker's or node's id.
   */
  'peerId': (string);
  /**
   * Chosen by the client; joins its two lanes.
   */
  'sessionId': (string);
  'lane': (_kvring_v1_Lane__Output);
  /**
   * Bytes the receiver of this message may send before it is given more.
   */
  'creditBytes': (string);
}
