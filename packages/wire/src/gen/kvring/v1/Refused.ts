// Original file: proto/kvring/v1/node.proto


/**
 * The node does not do this operation; another owner may.
 */
export interface Refused {
  'reason'?: (string);
  'message'?: (string);
}

/**
 * The node does not do this operation; another owner may.
 */
export interface Refused__Output {
  'reason': (string);
  'message': (string);
}
