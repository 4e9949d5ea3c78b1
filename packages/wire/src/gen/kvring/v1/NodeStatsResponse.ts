// Original file: proto/kvring/v1/node.proto

import type { Adaptation as _kvring_v1_Adaptation, Adaptation__Output as _kvring_v1_Adaptation__Output } from '../../kvring/v1/Adaptation.ts';
import type { Long } from '@grpc/proto-loader';

export interface NodeStatsResponse {
  'nodeId'?: (string);
  'zone'?: (string);
  'state'?: (string);
  'ringVersion'?: (number | string | Long);
  'capacityBytes'?: (number | string | Long);
  'usedBytes'?: (number | string | Long);
  'entries'?: (number | string | Long);
  'policy'?: (string);
  'hits'?: (number | string | Long);
  'misses'?: (number | string | Long);
  'grants'?: (number | string | Long);
  'waits'?: (number | string | Long);
  'puts'?: (number | string | Long);
  'evictions'?: (number | string | Long);
  'expirations'?: (number | string | Long);
  'refusals'?: (number | string | Long);
  'sessions'?: (number | string | Long);
  'openTokens'?: (number | string | Long);
  'stagedBytes'?: (number | string | Long);
  'uptimeMs'?: (number | string);
  /**
   * Only of a node whose policy is adaptive.
   */
  'adaptation'?: (_kvring_v1_Adaptation | null);
}

export interface NodeStatsResponse__Output {
  'nodeId': (string);
  'zone': (string);
  'state': (string);
  'ringVersion': (string);
  'capacityBytes': (string);
  'usedBytes': (string);
  'entries': (string);
  'policy': (string);
  'hits': (string);
  'misses': (string);
  'grants': (string);
  'waits': (string);
  'puts': (string);
  'evictions': (string);
  'expirations': (string);
  'refusals': (string);
  'sessions': (string);
  'openTokens': (string);
  'stagedBytes': (string);
  'uptimeMs': (number);
  /**
   * Only of a node whose policy is adaptive.
   */
  'adaptation': (_kvring_v1_Adaptation__Output | null);
}
