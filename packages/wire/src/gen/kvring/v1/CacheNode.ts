// Original file: proto/kvring/v1/node.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DrainRequest as _kvring_v1_DrainRequest, DrainRequest__Output as _kvring_v1_DrainRequest__Output } from '../../kvring/v1/DrainRequest.ts';
import type { DrainResponse as _kvring_v1_DrainResponse, DrainResponse__Output as _kvring_v1_DrainResponse__Output } from '../../kvring/v1/DrainResponse.ts';
import type { ExchangeRequest as _kvring_v1_ExchangeRequest, ExchangeRequest__Output as _kvring_v1_ExchangeRequest__Output } from '../../kvring/v1/ExchangeRequest.ts';
import type { ExchangeResponse as _kvring_v1_ExchangeResponse, ExchangeResponse__Output as _kvring_v1_ExchangeResponse__Output } from '../../kvring/v1/ExchangeResponse.ts';
import type { NodeStatsRequest as _kvring_v1_NodeStatsRequest, NodeStatsRequest__Output as _kvring_v1_NodeStatsRequest__Output } from '../../kvring/v1/NodeStatsRequest.ts';
import type { NodeStatsResponse as _kvring_v1_NodeStatsResponse, NodeStatsResponse__Output as _kvring_v1_NodeStatsResponse__Output } from '../../kvring/v1/NodeStatsResponse.ts';

export interface CacheNodeClient extends grpc.Client {
  /**
   * Stops taking new keys, lets what is under way end, and leaves the ring.
   */
  Drain(argument: _kvring_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _kvring_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _kvring_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _kvring_v1_DrainRequest, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Stops taking new keys, lets what is under way end, and leaves the ring.
   */
  drain(argument: _kvring_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _kvring_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _kvring_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _kvring_v1_DrainRequest, callback: grpc.requestCallback<_kvring_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Everything that is hot travels here. A peer opens two streams, each on a connection of its
   * own: lane SMALL for operations, lane BULK for values above 32 KiB. Both carry the same session.
   */
  Exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeResponse__Output>;
  Exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeResponse__Output>;
  /**
   * Everything that is hot travels here. A peer opens two streams, each on a connection of its
   * own: lane SMALL for operations, lane BULK for values above 32 KiB. Both carry the same session.
   */
  exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeResponse__Output>;
  exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeResponse__Output>;
  
  Stats(argument: _kvring_v1_NodeStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _kvring_v1_NodeStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _kvring_v1_NodeStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _kvring_v1_NodeStatsRequest, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _kvring_v1_NodeStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _kvring_v1_NodeStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _kvring_v1_NodeStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _kvring_v1_NodeStatsRequest, callback: grpc.requestCallback<_kvring_v1_NodeStatsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface CacheNodeHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Stops taking new keys, lets what is under way end, and leaves the ring.
   */
  Drain: grpc.handleUnaryCall<_kvring_v1_DrainRequest__Output, _kvring_v1_DrainResponse>;
  
  /**
   * Everything that is hot travels here. A peer opens two streams, each on a connection of its
   * own: lane SMALL for operations, lane BULK for values above 32 KiB. Both carry the same session.
   */
  Exchange: grpc.handleBidiStreamingCall<_kvring_v1_ExchangeRequest__Output, _kvring_v1_ExchangeResponse>;
  
  Stats: grpc.handleUnaryCall<_kvring_v1_NodeStatsRequest__Output, _kvring_v1_NodeStatsResponse>;
  
}

export interface CacheNodeDefinition extends grpc.ServiceDefinition {
  Drain: MethodDefinition<_kvring_v1_DrainRequest, _kvring_v1_DrainResponse, _kvring_v1_DrainRequest__Output, _kvring_v1_DrainResponse__Output>
  Exchange: MethodDefinition<_kvring_v1_ExchangeRequest, _kvring_v1_ExchangeResponse, _kvring_v1_ExchangeRequest__Output, _kvring_v1_ExchangeResponse__Output>
  Stats: MethodDefinition<_kvring_v1_NodeStatsRequest, _kvring_v1_NodeStatsResponse, _kvring_v1_NodeStatsRequest__Output, _kvring_v1_NodeStatsResponse__Output>
}
