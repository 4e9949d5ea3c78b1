export type { FrameStream } from "./exchange/frame-stream.ts";
export * from "./exchange/link.ts";
export { exchangeMethod } from "./exchange/method.ts";
export { connectNode, type LinkOptions } from "./exchange/node-link.ts";
export type { LookupOperation, PutOperation, StageOperation } from "./exchange/operation.ts";
export { ExchangeServer, type ExchangeServerOptions } from "./exchange/server.ts";
export { GrpcServerStream, hastenExchange } from "./exchange/server-stream.ts";
export type {
  BegunAnswer,
  ExchangeHandler,
  ExchangeSession,
  KnownOperation,
  Lent,
} from "./exchange/session.ts";
export type { Adaptation__Output as AdaptationReport } from "./gen/kvring/v1/Adaptation.ts";
export type { ClusterDescription__Output as ClusterDescription } from "./gen/kvring/v1/ClusterDescription.ts";
export type { InvalidateRequest__Output as InvalidateRequest } from "./gen/kvring/v1/InvalidateRequest.ts";
export type { InvalidateResponse__Output as InvalidateResponse } from "./gen/kvring/v1/InvalidateResponse.ts";
export { bindServer } from "./grpc/bind.ts";
export { decodeStatus, encodeStatus } from "./grpc/errors.ts";
export { closeFrame, frameHeadBytes, messageIn } from "./grpc/message-frame.ts";
export { clientOptions, serverMessageBytes, serverOptions } from "./grpc/options.ts";
export { loadServices, type Services } from "./grpc/services.ts";
export {
  type DirectReply,
  type DirectRequest,
  decodeDirectReply,
  decodeDirectRequest,
  encodeDirectReply,
  encodeDirectRequest,
} from "./jobs/direct.ts";
export {
  decodeMissJob,
  encodeMissJob,
  type JobOwner,
  jobMessageId,
  type MissJob,
} from "./jobs/miss-job.ts";
export { LargeBuffers } from "./memory/large-buffers.ts";
export { answerSuffix, encodeAnswer, framedAnswer } from "./oip/answer.ts";
export { resolveInputs, resolveOutputs } from "./oip/inputs.ts";
export { encodeRequest, type InferRequest } from "./oip/request.ts";
export { decodeResponse, type InferResponse } from "./oip/response.ts";
export { type ScannedRequest, scanRequest } from "./oip/scan.ts";
export type { UnaryCall, UnaryHandler } from "./unary/call.ts";
export { hasten } from "./unary/hasten.ts";
