// Original file: proto/kvring/v1/node.proto

import type { Found as _kvring_v1_Found, Found__Output as _kvring_v1_Found__Output } from '../../kvring/v1/Found.ts';
import type { Missing as _kvring_v1_Missing, Missing__Output as _kvring_v1_Missing__Output } from '../../kvring/v1/Missing.ts';
import type { Granted as _kvring_v1_Granted, Granted__Output as _kvring_v1_Granted__Output } from '../../kvring/v1/Granted.ts';
import type { Waiting as _kvring_v1_Waiting, Waiting__Output as _kvring_v1_Waiting__Output } from '../../kvring/v1/Waiting.ts';
import type { Failed as _kvring_v1_Failed, Failed__Output as _kvring_v1_Failed__Output } from '../../kvring/v1/Failed.ts';
import type { Refused as _kvring_v1_Refused, Refused__Output as _kvring_v1_Refused__Output } from '../../kvring/v1/Refused.ts';
import type { Done as _kvring_v1_Done, Done__Output as _kvring_v1_Done__Output } from '../../kvring/v1/Done.ts';
import type { Begun as _kvring_v1_Begun, Begun__Output as _kvring_v1_Begun__Output } from '../../kvring/v1/Begun.ts';
import type { Long } from '@grpc/proto-loader';

export interface Result {
  /**
   * The operation's id.
   */
  'id'?: (number | string | Long);
  'found'?: (_kvring_v1_Found | null);
  'missing'?: (_kvring_v1_Missing | null);
  /**
   * Interim: the asker is to have the answer computed, and waits for it here.
   */
  'granted'?: (_kvring_v1_Granted | null);
  /**
   * Interim: somebody else has it computed.
   */
  'waiting'?: (_kvring_v1_Waiting | null);
  'failed'?: (_kvring_v1_Failed | null);
  'refused'?: (_kvring_v1_Refused | null);
  'done'?: (_kvring_v1_Done | null);
  'begun'?: (_kvring_v1_Begun | null);
  'result'?: "found"|"missing"|"granted"|"waiting"|"failed"|"refused"|"done"|"begun";
}

export interface Result__Output {
  /**
   * The operation's id.
   */
  'id': (string);
  'found'?: (_kvring_v1_Found__Output | null);
  'missing'?: (_kvring_v1_Missing__Output | null);
  /**
   * Interim: the asker is to have the answer computed, and waits for it here.
   */
  'granted'?: (_kvring_v1_Granted__Output | null);
  /**
   * Interim: somebody else has it computed.
   */
  'waiting'?: (_kvring_v1_Waiting__Output | null);
  'failed'?: (_kvring_v1_Failed__Output | null);
  'refused'?: (_kvring_v1_Refused__Output | null);
  'done'?: (_kvring_v1_Done__Output | null);
  'begun'?: (_kvring_v1_Begun__Output | null);
  'result'?: "found"|"missing"|"granted"|"waiting"|"failed"|"refused"|"done"|"begun";
}
