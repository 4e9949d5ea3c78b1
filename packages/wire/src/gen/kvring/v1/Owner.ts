// Original file: proto/kvring/v1/control.proto


/**
 * An owner of a key, as the ring had it when the job was published.
 */
export interface Owner {
  'nodeId'?: (string);
  /**
   * host:port
   */
  'address'?: (string);
}

/**
 * An owner of a key, as the ring had it when the job was published.
 */
export interface Owner__Output {
  'nodeId': (string);
  /**
   * host:port
   */
  'address': (string);
}
