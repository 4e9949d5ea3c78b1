// Original file: proto/kvring/v1/inference.proto

import type { ModelVersion as _kvring_v1_ModelVersion, ModelVersion__Output as _kvring_v1_ModelVersion__Output } from '../../kvring/v1/ModelVersion.ts';

export interface InvalidateRequest {
  /**
   * Must be true.
   */
  'all'?: (boolean);
  /**
   * All versions of a model.
   */
  'model'?: (string);
  'version'?: (_kvring_v1_ModelVersion | null);
  /**
   * Answers to requests that carried the tag in cache_tags, or whose model's config does.
   */
  'tag'?: (string);
  /**
   * The 32 bytes of a request key, as cache_debug tells them in hex.
   */
  'key'?: (Buffer | Uint8Array | string);
  'scope'?: "all"|"model"|"version"|"tag"|"key";
}

export interface InvalidateRequest__Output {
  /**
   * Must be true.
   */
  'all'?: (boolean);
  /**
   * All versions of a model.
   */
  'model'?: (string);
  'version'?: (_kvring_v1_ModelVersion__Output | null);
  /**
   * Answers to requests that carried the tag in cache_tags, or whose model's config does.
   */
  'tag'?: (string);
  /**
   * The 32 bytes of a request key, as cache_debug tells them in hex.
   */
  'key'?: (Buffer);
  'scope'?: "all"|"model"|"version"|"tag"|"key";
}
