// Original file: proto/kvring/v1/inference.proto


export interface ModelVersion {
  'model'?: (string);
  'version'?: (string);
}

export interface ModelVersion__Output {
  'model': (string);
  'version': (string);
}
