// Original file: proto/kvring/v1/cluster.proto


export interface RefusedModel {
  'workerId'?: (string);
  'model'?: (string);
  /**
   * Empty: the whole model is refused.
   */
  'version'?: (string);
  'reason'?: (string);
}

export interface RefusedModel__Output {
  'workerId': (string);
  'model': (string);
  /**
   * Empty: the whole model is refused.
   */
  'version': (string);
  'reason': (string);
}
