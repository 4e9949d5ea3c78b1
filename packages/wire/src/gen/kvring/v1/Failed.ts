// Original file: proto/kvring/v1/node.proto


/**
 * The computation failed.
 */
export interface Failed {
  'reason'?: (string);
  'message'?: (string);
}

/**
 * The computation failed.
 */
export interface Failed__Output {
  'reason': (string);
  'message': (string);
}
