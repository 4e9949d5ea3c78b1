// Original file: proto/kvring/v1/cluster.proto


export interface ModelDescription {
  'model'?: (string);
  'version'?: (string);
  'digest'?: (string);
  /**
   * Whether a live worker can compute it.
   */
  'computable'?: (boolean);
}

export interface ModelDescription__Output {
  'model': (string);
  'version': (string);
  'digest': (string);
  /**
   * Whether a live worker can compute it.
   */
  'computable': (boolean);
}
