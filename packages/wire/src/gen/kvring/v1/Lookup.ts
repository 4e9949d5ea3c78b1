// Original file: proto/kvring/v1/node.proto

import type { Position as _kvring_v1_Position, Position__Output as _kvring_v1_Position__Output } from '../../kvring/v1/Position.ts';

/**
 * Asks for the entry. Without one, the first asker gets a fill token and the others wait with it.
 */
export interface Lookup {
  /**
   * Nothing born before this is given, or joined.
   */
  'minBorn'?: (_kvring_v1_Position | null);
  /**
   * Nothing older than this is given; absent: any age.
   */
  'maxAgeMs'?: (number | string);
  /**
   * How long the asker waits. 0: it does not wait and takes no token.
   */
  'waitMs'?: (number);
  /**
   * The asker waits with a computation under way, and begins none.
   */
  'joinOnly'?: (boolean);
  /**
   * Nothing with less life left is given. Below 0: something that expired so long ago will do.
   */
  'minTtlMs'?: (number | string);
  '_maxAgeMs'?: "maxAgeMs";
}

/**
 * Asks for the entry. Without one, the first asker gets a fill token and the others wait with it.
 */
export interface Lookup__Output {
  /**
   * Nothing born before this is given, or joined.
   */
  'minBorn': (_kvring_v1_Position__Output | null);
  /**
   * Nothing older than this is given; absent: any age.
   */
  'maxAgeMs'?: (number);
  /**
   * How long the asker waits. 0: it does not wait and takes no token.
   */
  'waitMs': (number);
  /**
   * The asker waits with a computation under way, and begins none.
   */
  'joinOnly': (boolean);
  /**
   * Nothing with less life left is given. Below 0: something that expired so long ago will do.
   */
  'minTtlMs': (number);
  '_maxAgeMs'?: "maxAgeMs";
}
