// Original file: proto/kvring/v1/control.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Written once, so that all processes measure with the same leases.
 */
export interface Config {
  /**
   * D: how long an invalidation waits for a gateway that does not acknowledge.
   */
  'leaseMs'?: (number | string | Long);
  /**
   * rho, in parts per million: how far the rates of two clocks may differ.
   */
  'clockDriftPpm'?: (number);
}

/**
 * Written once, so that all processes measure with the same leases.
 */
export interface Config__Output {
  /**
   * D: how long an invalidation waits for a gateway that does not acknowledge.
   */
  'leaseMs': (string);
  /**
   * rho, in parts per million: how far the rates of two clocks may differ.
   */
  'clockDriftPpm': (number);
}
