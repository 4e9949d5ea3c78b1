import type { OutgoingHttpHeaders } from "node:http2";
import type { Metadata, status } from "@grpc/grpc-js";

const contentType = "application/grpc+proto";

/** What a stream that is served past grpc-js says before its first message: the same as grpc-js. */
export const answerHeaders: OutgoingHttpHeaders = Object.freeze({
  "content-type": contentType,
  "grpc-accept-encoding": "identity,deflate,gzip",
  "grpc-encoding": "identity",
});

export const okTrailers: OutgoingHttpHeaders = Object.freeze({
  "grpc-status": "0",
  "grpc-message": "OK",
});

/** Behind the messages. */
export function statusTrailers(
  code: status,
  details: string,
  metadata?: Metadata | null,
): OutgoingHttpHeaders {
  return {
    "grpc-status": String(code),
    "grpc-message": encodeURI(details),
    ...metadata?.toHttp2Headers(),
  };
}

/** Instead of an answer. */
export function statusAlone(
  code: status,
  details: string,
  metadata?: Metadata | null,
): OutgoingHttpHeaders {
  return { "content-type": contentType, ...statusTrailers(code, details, metadata) };
}
