// Original file: proto/kvring/v1/cluster.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ClusterDescription as _kvring_v1_ClusterDescription, ClusterDescription__Output as _kvring_v1_ClusterDescription__Output } from '../../kvring/v1/ClusterDescription.ts';
import type { DescribeRequest as _kvring_v1_DescribeRequest, DescribeRequest__Output as _kvring_v1_DescribeRequest__Output } from '../../kvring/v1/DescribeRequest.ts';

export interface ClusterServiceClient extends grpc.Client {
  Describe(argument: _kvring_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  Describe(argument: _kvring_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  Describe(argument: _kvring_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  Describe(argument: _kvring_v1_DescribeRequest, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  describe(argument: _kvring_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  describe(argument: _kvring_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  describe(argument: _kvring_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  describe(argument: _kvring_v1_DescribeRequest, callback: grpc.requestCallback<_kvring_v1_ClusterDescription__Output>): grpc.ClientUnaryCall;
  
}

export interface ClusterServiceHandlers extends grpc.UntypedServiceImplementation {
  Describe: grpc.handleUnaryCall<_kvring_v1_DescribeRequest__Output, _kvring_v1_ClusterDescription>;
  
}

export interface ClusterServiceDefinition extends grpc.ServiceDefinition {
  Describe: MethodDefinition<_kvring_v1_DescribeRequest, _kvring_v1_ClusterDescription, _kvring_v1_DescribeRequest__Output, _kvring_v1_ClusterDescription__Output>
}
