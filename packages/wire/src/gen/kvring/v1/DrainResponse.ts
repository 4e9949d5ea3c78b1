// Original file: proto/kvring/v1/node.proto


export interface DrainResponse {
  'drained'?: (boolean);
}

export interface DrainResponse__Output {
  'drained': (boolean);
}
