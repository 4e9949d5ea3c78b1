// Original file: proto/kvring/v1/cluster.proto

import type { Long } from '@grpc/proto-loader';

export interface AnswerCounts {
  'requests'?: (number | string | Long);
  'hitL1'?: (number | string | Long);
  'hitNode'?: (number | string | Long);
  'coalesced'?: (number | string | Long);
  'miss'?: (number | string | Long);
  'stale'?: (number | string | Long);
  'bypass'?: (number | string | Long);
  'error'?: (number | string | Long);
}

export interface AnswerCounts__Output {
  'requests': (string);
  'hitL1': (string);
  'hitNode': (string);
  'coalesced': (string);
  'miss': (string);
  'stale': (string);
  'bypass': (string);
  'error': (string);
}
