// Original file: proto/kvring/v1/node.proto


export interface Granted {
  'token'?: (Buffer | Uint8Array | string);
}

export interface Granted__Output {
  'token': (Buffer);
}
