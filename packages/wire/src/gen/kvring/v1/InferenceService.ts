// Original file: proto/kvring/v1/inference.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { InvalidateRequest as _kvring_v1_InvalidateRequest, InvalidateRequest__Output as _kvring_v1_InvalidateRequest__Output } from '../../kvring/v1/InvalidateRequest.ts';
import type { InvalidateResponse as _kvring_v1_InvalidateResponse, InvalidateResponse__Output as _kvring_v1_InvalidateResponse__Output } from '../../kvring/v1/InvalidateResponse.ts';
import type { ModelInferRequest as _inference_ModelInferRequest, ModelInferRequest__Output as _inference_ModelInferRequest__Output } from '../../inference/ModelInferRequest.ts';
import type { ModelInferResponse as _inference_ModelInferResponse, ModelInferResponse__Output as _inference_ModelInferResponse__Output } from '../../inference/ModelInferResponse.ts';

export interface InferenceServiceClient extends grpc.Client {
  Infer(argument: _inference_ModelInferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _inference_ModelInferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _inference_ModelInferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _inference_ModelInferRequest, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _inference_ModelInferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _inference_ModelInferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _inference_ModelInferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _inference_ModelInferRequest, callback: grpc.requestCallback<_inference_ModelInferResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Once this has returned OK, no Infer that starts later, on any gateway, is answered with
   * anything computed before it. An error promises nothing; repeating it is harmless.
   */
  Invalidate(argument: _kvring_v1_InvalidateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  Invalidate(argument: _kvring_v1_InvalidateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  Invalidate(argument: _kvring_v1_InvalidateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  Invalidate(argument: _kvring_v1_InvalidateRequest, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Once this has returned OK, no Infer that starts later, on any gateway, is answered with
   * anything computed before it. An error promises nothing; repeating it is harmless.
   */
  invalidate(argument: _kvring_v1_InvalidateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  invalidate(argument: _kvring_v1_InvalidateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  invalidate(argument: _kvring_v1_InvalidateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  invalidate(argument: _kvring_v1_InvalidateRequest, callback: grpc.requestCallback<_kvring_v1_InvalidateResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface InferenceServiceHandlers extends grpc.UntypedServiceImplementation {
  Infer: grpc.handleUnaryCall<_inference_ModelInferRequest__Output, _inference_ModelInferResponse>;
  
  /**
   * Once this has returned OK, no Infer that starts later, on any gateway, is answered with
   * anything computed before it. An error promises nothing; repeating it is harmless.
   */
  Invalidate: grpc.handleUnaryCall<_kvring_v1_InvalidateRequest__Output, _kvring_v1_InvalidateResponse>;
  
}

export interface InferenceServiceDefinition extends grpc.ServiceDefinition {
  Infer: MethodDefinition<_inference_ModelInferRequest, _inference_ModelInferResponse, _inference_ModelInferRequest__Output, _inference_ModelInferResponse__Output>
  Invalidate: MethodDefinition<_kvring_v1_InvalidateRequest, _kvring_v1_InvalidateResponse, _kvring_v1_InvalidateRequest__Output, _kvring_v1_InvalidateResponse__Output>
}
