// Original file: proto/kvring/v1/control.proto


export interface DirectFailure {
  'reason'?: (string);
  'message'?: (string);
}

export interface DirectFailure__Output {
  'reason': (string);
  'message': (string);
}
