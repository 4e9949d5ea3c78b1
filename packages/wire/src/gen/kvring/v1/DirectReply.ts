// Original file: proto/kvring/v1/control.proto


export interface DirectReply {
  /**
   * False: nobody waits any more.
   */
  'alive'?: (boolean);
  'input'?: (Buffer | Uint8Array | string);
  'remainingMs'?: (number);
}

export interface DirectReply__Output {
  /**
   * False: nobody waits any more.
   */
  'alive': (boolean);
  'input': (Buffer);
  'remainingMs': (number);
}
