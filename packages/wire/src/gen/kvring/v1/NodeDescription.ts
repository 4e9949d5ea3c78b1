// Original file: proto/kvring/v1/cluster.proto

import type { NodeStatsResponse as _kvring_v1_NodeStatsResponse, NodeStatsResponse__Output as _kvring_v1_NodeStatsResponse__Output } from '../../kvring/v1/NodeStatsResponse.ts';

export interface NodeDescription {
  'nodeId'?: (string);
  'address'?: (string);
  'zone'?: (string);
  /**
   * Whether this gateway can ask it now.
   */
  'reachable'?: (boolean);
  /**
   * The share of the key space for which it is the primary, 0 to 1.
   */
  'primaryShare'?: (number | string);
  /**
   * Absent when it could not be asked.
   */
  'stats'?: (_kvring_v1_NodeStatsResponse | null);
  /**
   * "joining", "active" or "draining", as the ring has it.
   */
  'state'?: (string);
}

export interface NodeDescription__Output {
  'nodeId': (string);
  'address': (string);
  'zone': (string);
  /**
   * Whether this gateway can ask it now.
   */
  'reachable': (boolean);
  /**
   * The share of the key space for which it is the primary, 0 to 1.
   */
  'primaryShare': (number);
  /**
   * Absent when it could not be asked.
   */
  'stats': (_kvring_v1_NodeStatsResponse__Output | null);
  /**
   * "joining", "active" or "draining", as the ring has it.
   */
  'state': (string);
}
