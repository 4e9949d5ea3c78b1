// Original file: proto/kvring/v1/control.proto

import type { DirectBegin as _kvring_v1_DirectBegin, DirectBegin__Output as _kvring_v1_DirectBegin__Output } from '../../kvring/v1/DirectBegin.ts';
import type { DirectAnswer as _kvring_v1_DirectAnswer, DirectAnswer__Output as _kvring_v1_DirectAnswer__Output } from '../../kvring/v1/DirectAnswer.ts';
import type { DirectFailure as _kvring_v1_DirectFailure, DirectFailure__Output as _kvring_v1_DirectFailure__Output } from '../../kvring/v1/DirectFailure.ts';

/**
 * What a worker asks the gateway that holds a direct job, through the courier.
 */
export interface DirectRequest {
  'token'?: (Buffer | Uint8Array | string);
  /**
   * Before computing: the request's bytes from this offset on, and whether anybody still waits.
   */
  'begin'?: (_kvring_v1_DirectBegin | null);
  /**
   * A piece of the answer's entry.
   */
  'answer'?: (_kvring_v1_DirectAnswer | null);
  'failure'?: (_kvring_v1_DirectFailure | null);
  'request'?: "begin"|"answer"|"failure";
}

/**
 * What a worker asks the gateway that holds a direct job, through the courier.
 */
export interface DirectRequest__Output {
  'token': (Buffer);
  /**
   * Before computing: the request's bytes from this offset on, and whether anybody still waits.
   */
  'begin'?: (_kvring_v1_DirectBegin__Output | null);
  /**
   * A piece of the answer's entry.
   */
  'answer'?: (_kvring_v1_DirectAnswer__Output | null);
  'failure'?: (_kvring_v1_DirectFailure__Output | null);
  'request'?: "begin"|"answer"|"failure";
}
