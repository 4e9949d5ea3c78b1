// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

export interface DirectAnswer {
  'offset'?: (number | string | Long);
  'totalBytes'?: (number | string | Long);
  'bytes'?: (Buffer | Uint8Array | string);
}

export interface DirectAnswer__Output {
  'offset': (string);
  'totalBytes': (string);
  'bytes': (Buffer);
}
