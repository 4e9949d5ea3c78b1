// Original file: proto/kvring/v1/node.proto

import type { Lookup as _kvring_v1_Lookup, Lookup__Output as _kvring_v1_Lookup__Output } from '../../kvring/v1/Lookup.ts';
import type { Put as _kvring_v1_Put, Put__Output as _kvring_v1_Put__Output } from '../../kvring/v1/Put.ts';
import type { Stage as _kvring_v1_Stage, Stage__Output as _kvring_v1_Stage__Output } from '../../kvring/v1/Stage.ts';
import type { Begin as _kvring_v1_Begin, Begin__Output as _kvring_v1_Begin__Output } from '../../kvring/v1/Begin.ts';
import type { Keep as _kvring_v1_Keep, Keep__Output as _kvring_v1_Keep__Output } from '../../kvring/v1/Keep.ts';
import type { Fail as _kvring_v1_Fail, Fail__Output as _kvring_v1_Fail__Output } from '../../kvring/v1/Fail.ts';
import type { Release as _kvring_v1_Release, Release__Output as _kvring_v1_Release__Output } from '../../kvring/v1/Release.ts';
import type { Cancel as _kvring_v1_Cancel, Cancel__Output as _kvring_v1_Cancel__Output } from '../../kvring/v1/Cancel.ts';
import type { Long } from '@grpc/proto-loader';

export interface Operation {
  /**
   * Unique within the session while it is open.
   */
  'id'?: (number | string | Long);
  'key'?: (Buffer | Uint8Array | string);
  'tenant'?: (string);
  'lookup'?: (_kvring_v1_Lookup | null);
  'put'?: (_kvring_v1_Put | null);
  'stage'?: (_kvring_v1_Stage | null);
  'begin'?: (_kvring_v1_Begin | null);
  'keep'?: (_kvring_v1_Keep | null);
  'fail'?: (_kvring_v1_Fail | null);
  'release'?: (_kvring_v1_Release | null);
  'cancel'?: (_kvring_v1_Cancel | null);
  'operation'?: "lookup"|"put"|"stage"|"begin"|"keep"|"fail"|"release"|"cancel";
}

export interface Operation__Output {
  /**
   * Unique within the session while it is open.
   */
  'id': (string);
  'key': (Buffer);
  'tenant': (string);
  'lookup'?: (_kvring_v1_Lookup__Output | null);
  'put'?: (_kvring_v1_Put__Output | null);
  'stage'?: (_kvring_v1_Stage__Output | null);
  'begin'?: (_kvring_v1_Begin__Output | null);
  'keep'?: (_kvring_v1_Keep__Output | null);
  'fail'?: (_kvring_v1_Fail__Output | null);
  'release'?: (_kvring_v1_Release__Output | null);
  'cancel'?: (_kvring_v1_Cancel__Output | null);
  'operation'?: "lookup"|"put"|"stage"|"begin"|"keep"|"fail"|"release"|"cancel";
}
