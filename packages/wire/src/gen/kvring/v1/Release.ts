// Original file: proto/kvring/v1/node.proto


/**
 * The holder gives the token up without a result: the next waiter gets one.
 */
export interface Release {
  'token'?: (Buffer | Uint8Array | string);
}

/**
 * The holder gives the token up without a result: the next waiter gets one.
 */
export interface Release__Output {
  'token': (Buffer);
}
