// Original file: proto/kvring/v1/node.proto


export interface Granted {
  'token'?: (Buffer | Uint8Array | string);
  /**
   * How often the key was asked for here lately, this time included, up to 15; 0: not counted.
   */
  'asks'?: (number);
}

export interface Granted__Output {
  'token': (Buffer);
  /**
   * How often the key was asked for here lately, this time included, up to 15; 0: not counted.
   */
  'asks': (number);
}
