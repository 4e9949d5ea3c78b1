// Original file: proto/kvring/v1/node.proto

import type { Long } from '@grpc/proto-loader';

export interface CurvePoint {
  'policy'?: (string);
  'capacityBytes'?: (number | string | Long);
  /**
   * Of requests, 0 to 1.
   */
  'hitRatio'?: (number | string);
  /**
   * Of the milliseconds that all of them would take without a cache, 0 to 1.
   */
  'savedShare'?: (number | string);
}

export interface CurvePoint__Output {
  'policy': (string);
  'capacityBytes': (string);
  /**
   * Of requests, 0 to 1.
   */
  'hitRatio': (number);
  /**
   * Of the milliseconds that all of them would take without a cache, 0 to 1.
   */
  'savedShare': (number);
}
