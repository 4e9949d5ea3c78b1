// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

export interface Invalidation {
  'scopes'?: (number | string | Long)[];
}

export interface Invalidation__Output {
  'scopes': (string)[];
}
