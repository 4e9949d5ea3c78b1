// Original file: proto/kvring/v1/node.proto

import type { Hello as _kvring_v1_Hello, Hello__Output as _kvring_v1_Hello__Output } from '../../kvring/v1/Hello.ts';
import type { Result as _kvring_v1_Result, Result__Output as _kvring_v1_Result__Output } from '../../kvring/v1/Result.ts';
import type { Chunk as _kvring_v1_Chunk, Chunk__Output as _kvring_v1_Chunk__Output } from '../../kvring/v1/Chunk.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExchangeResponse {
  'hello'?: (_kvring_v1_Hello | null);
  'results'?: (_kvring_v1_Result)[];
  'chunk'?: (_kvring_v1_Chunk | null);
  'creditBytes'?: (number | string | Long);
  'ringVersion'?: (number | string | Long);
}

export interface ExchangeResponse__Output {
  'hello': (_kvring_v1_Hello__Output | null);
  'results': (_kvring_v1_Result__Output)[];
  'chunk': (_kvring_v1_Chunk__Output | null);
  'creditBytes': (string);
  'ringVersion': (string);
}
