// Original file: proto/kvring/v1/node.proto

import type { CurvePoint as _kvring_v1_CurvePoint, CurvePoint__Output as _kvring_v1_CurvePoint__Output } from '../../kvring/v1/CurvePoint.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What ghosts of all policies tell: which of them governs, and what each would do at several sizes.
 */
export interface Adaptation {
  'policy'?: (string);
  'switches'?: (number | string | Long);
  'points'?: (_kvring_v1_CurvePoint)[];
  /**
   * The share of keys that is looked at.
   */
  'sampledShare'?: (number | string);
  /**
   * Lookups and fills that the points rest on; older ones count less.
   */
  'requests'?: (number | string);
  /**
   * What it takes to compute one of their answers, on the mean.
   */
  'meanCostMs'?: (number | string);
}

/**
 * What ghosts of all policies tell: which of them governs, and what each would do at several sizes.
 */
export interface Adaptation__Output {
  'policy': (string);
  'switches': (string);
  'points': (_kvring_v1_CurvePoint__Output)[];
  /**
   * The share of keys that is looked at.
   */
  'sampledShare': (number);
  /**
   * Lookups and fills that the points rest on; older ones count less.
   */
  'requests': (number);
  /**
   * What it takes to compute one of their answers, on the mean.
   */
  'meanCostMs': (number);
}
