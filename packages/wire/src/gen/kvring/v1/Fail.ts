// Original file: proto/kvring/v1/node.proto


/**
 * The computation failed: delivered to who waits, never stored.
 */
export interface Fail {
  'token'?: (Buffer | Uint8Array | string);
  'reason'?: (string);
  'message'?: (string);
}

/**
 * The computation failed: delivered to who waits, never stored.
 */
export interface Fail__Output {
  'token': (Buffer);
  'reason': (string);
  'message': (string);
}
