// Original file: proto/kvring/v1/inference.proto

import type { Long } from '@grpc/proto-loader';

export interface InvalidateResponse {
  /**
   * Its place in the control log.
   */
  'sequence'?: (number | string | Long);
  /**
   * Gateways at that place.
   */
  'gateways'?: (number);
  /**
   * Those that said they know. The leases of the others have run out.
   */
  'acknowledged'?: (number);
  'waitedMs'?: (number | string);
  /**
   * Whether the named model or version is in the catalog; true for everything else.
   */
  'known'?: (boolean);
}

export interface InvalidateResponse__Output {
  /**
   * Its place in the control log.
   */
  'sequence': (string);
  /**
   * Gateways at that place.
   */
  'gateways': (number);
  /**
   * Those that said they know. The leases of the others have run out.
   */
  'acknowledged': (number);
  'waitedMs': (number);
  /**
   * Whether the named model or version is in the catalog; true for everything else.
   */
  'known': (boolean);
}
