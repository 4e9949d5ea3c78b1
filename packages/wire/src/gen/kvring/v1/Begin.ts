// Original file: proto/kvring/v1/node.proto


/**
 * A worker is about to compute under the token: prolongs it, and fetches the staged input.
 */
export interface Begin {
  'token'?: (Buffer | Uint8Array | string);
}

/**
 * A worker is about to compute under the token: prolongs it, and fetches the staged input.
 */
export interface Begin__Output {
  'token': (Buffer);
}
