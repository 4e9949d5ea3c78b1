// Original file: proto/kvring/v1/cluster.proto

import type { Position as _kvring_v1_Position, Position__Output as _kvring_v1_Position__Output } from '../../kvring/v1/Position.ts';
import type { AnswerCounts as _kvring_v1_AnswerCounts, AnswerCounts__Output as _kvring_v1_AnswerCounts__Output } from '../../kvring/v1/AnswerCounts.ts';
import type { ModelDescription as _kvring_v1_ModelDescription, ModelDescription__Output as _kvring_v1_ModelDescription__Output } from '../../kvring/v1/ModelDescription.ts';
import type { NodeDescription as _kvring_v1_NodeDescription, NodeDescription__Output as _kvring_v1_NodeDescription__Output } from '../../kvring/v1/NodeDescription.ts';
import type { RefusedModel as _kvring_v1_RefusedModel, RefusedModel__Output as _kvring_v1_RefusedModel__Output } from '../../kvring/v1/RefusedModel.ts';
import type { Long } from '@grpc/proto-loader';

export interface ClusterDescription {
  'gatewayId'?: (string);
  'uptimeMs'?: (number | string);
  'position'?: (_kvring_v1_Position | null);
  'ringVersion'?: (number | string | Long);
  'replicas'?: (number);
  /**
   * requests = hit_l1 + hit_node + coalesced + miss + stale + bypass + error
   */
  'answers'?: (_kvring_v1_AnswerCounts | null);
  'nearCacheUsedBytes'?: (number | string | Long);
  'nearCacheCapacityBytes'?: (number | string | Long);
  'nearCacheEntries'?: (number | string | Long);
  /**
   * Jobs waiting or being worked on; absent when the bus cannot be asked.
   */
  'queuedJobs'?: (number | string | Long);
  'models'?: (_kvring_v1_ModelDescription)[];
  'nodes'?: (_kvring_v1_NodeDescription)[];
  /**
   * What lies in a repository of a live worker and is not served, by worker; at most 1,000.
   */
  'refused'?: (_kvring_v1_RefusedModel)[];
  '_queuedJobs'?: "queuedJobs";
}

export interface ClusterDescription__Output {
  'gatewayId': (string);
  'uptimeMs': (number);
  'position': (_kvring_v1_Position__Output | null);
  'ringVersion': (string);
  'replicas': (number);
  /**
   * requests = hit_l1 + hit_node + coalesced + miss + stale + bypass + error
   */
  'answers': (_kvring_v1_AnswerCounts__Output | null);
  'nearCacheUsedBytes': (string);
  'nearCacheCapacityBytes': (string);
  'nearCacheEntries': (string);
  /**
   * Jobs waiting or being worked on; absent when the bus cannot be asked.
   */
  'queuedJobs'?: (string);
  'models': (_kvring_v1_ModelDescription__Output)[];
  'nodes': (_kvring_v1_NodeDescription__Output)[];
  /**
   * What lies in a repository of a live worker and is not served, by worker; at most 1,000.
   */
  'refused': (_kvring_v1_RefusedModel__Output)[];
  '_queuedJobs'?: "queuedJobs";
}
