// Original file: proto/kvring/v1/control.proto

import type { Epoch as _kvring_v1_Epoch, Epoch__Output as _kvring_v1_Epoch__Output } from '../../kvring/v1/Epoch.ts';
import type { Config as _kvring_v1_Config, Config__Output as _kvring_v1_Config__Output } from '../../kvring/v1/Config.ts';
import type { Invalidation as _kvring_v1_Invalidation, Invalidation__Output as _kvring_v1_Invalidation__Output } from '../../kvring/v1/Invalidation.ts';

/**
 * The control log. Readers skip records of a kind they do not know.
 */
export interface LogRecord {
  'epoch'?: (_kvring_v1_Epoch | null);
  'config'?: (_kvring_v1_Config | null);
  'invalidation'?: (_kvring_v1_Invalidation | null);
  'record'?: "epoch"|"config"|"invalidation";
}

/**
 * The control log. Readers skip records of a kind they do not know.
 */
export interface LogRecord__Output {
  'epoch'?: (_kvring_v1_Epoch__Output | null);
  'config'?: (_kvring_v1_Config__Output | null);
  'invalidation'?: (_kvring_v1_Invalidation__Output | null);
  'record'?: "epoch"|"config"|"invalidation";
}
