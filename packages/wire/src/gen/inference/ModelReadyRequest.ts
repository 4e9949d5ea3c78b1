// Original file: proto/inference.proto


export interface ModelReadyRequest {
  'name'?: (string);
  /**
   * Empty: the version the server would choose.
   */
  'version'?: (string);
}

export interface ModelReadyRequest__Output {
  'name': (string);
  /**
   * Empty: the version the server would choose.
   */
  'version': (string);
}
