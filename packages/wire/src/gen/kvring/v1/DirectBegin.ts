// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

export interface DirectBegin {
  'offset'?: (number | string | Long);
}

export interface DirectBegin__Output {
  'offset': (string);
}
