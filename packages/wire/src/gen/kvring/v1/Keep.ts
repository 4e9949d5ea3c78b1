// Original file: proto/kvring/v1/node.proto


/**
 * The worker still computes: prolongs the token.
 */
export interface Keep {
  'token'?: (Buffer | Uint8Array | string);
}

/**
 * The worker still computes: prolongs the token.
 */
export interface Keep__Output {
  'token': (Buffer);
}
