// Original file: proto/kvring/v1/node.proto

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
}
