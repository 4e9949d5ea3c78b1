import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { KvringError, type Reason, statusCodes } from "@kvring/core";
import { ProtoReader } from "../protobuf/reader.ts";
import { ProtoWriter } from "../protobuf/writer.ts";

const detailsKey = "grpc-status-details-bin";
const typeUrl = "type.googleapis.com/google.rpc.ErrorInfo";
const retryUrl = "type.googleapis.com/google.rpc.RetryInfo";
const domain = "kvring";

/** Status and details travel in a header, which is bounded. */
const maxSentence = 1_000;

/**
 * An error as grpc-js sends it: code, sentence, and the reason as `google.rpc.ErrorInfo` inside a
 * `google.rpc.Status` (the trailer `grpc-status-details-bin`). When it is worth trying again travels
 * beside it, as `google.rpc.RetryInfo`.
 */
export function encodeStatus(error: KvringError): StatusObject {
  const code = statusCodes[error.code];
  const details = bounded(error.message);
  const metadata = new Metadata();
  metadata.set(detailsKey, encodeDetails(code, details, error));
  return { code, details, metadata };
}

/** The error that a call ended with, ours or any gRPC server's. Never throws. */
export function decodeStatus(error: {
  readonly code?: number | string;
  readonly details?: string;
  readonly message?: string;
  readonly metadata?: Metadata;
}): KvringError {
  const [details] = error.metadata?.get(detailsKey) ?? [];
  const ours = details instanceof Uint8Array ? decodeDetails(details) : undefined;
  if (ours !== undefined) {
    return new KvringError(ours.reason, ours.message, { cause: error });
  }
  const sentence = error.details || error.message || "the call failed without saying why";
  return new KvringError(reasonOf(error.code, sentence), sentence, { cause: error });
}

/** What gRPC itself, or somebody else's server, means by a code. */
function reasonOf(code: number | string | undefined, sentence: string): Reason {
  switch (code) {
    case status.CANCELLED:
      return "CANCELLED";
    case status.DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case status.UNAVAILABLE:
      return "LINK_LOST";
    case status.UNIMPLEMENTED:
      return "UNKNOWN_OPERATION";
    case status.RESOURCE_EXHAUSTED:
      // grpc-js: "Received message larger than max (…)", "Sent message larger than max (…)".
      return sentence.includes("larger than max") ? "MESSAGE_TOO_LARGE" : "QUEUE_FULL";
    case status.INVALID_ARGUMENT:
      return "MESSAGE_MALFORMED";
    default:
      return "INTERNAL";
  }
}

function bounded(sentence: string): string {
  const text = sentence.length > maxSentence ? `${sentence.slice(0, maxSentence)}…` : sentence;
  // grpc-js percent-encodes the sentence, which throws on lone surrogates.
  return text.toWellFormed();
}

function encodeDetails(
  code: number,
  message: string,
  { reason, retryAfterMs }: KvringError,
): Buffer {
  const writer = new ProtoWriter();
  writer.int(1, code);
  writer.string(2, message);
  const any = writer.open(3);
  writer.string(1, typeUrl);
  const info = writer.open(2);
  writer.string(1, reason);
  writer.string(2, domain);
  writer.close(info);
  writer.close(any);
  if (retryAfterMs !== undefined) encodeRetry(writer, retryAfterMs);
  return writer.finish();
}

/** A `google.protobuf.Duration`: whole seconds, and nanoseconds. */
function encodeRetry(writer: ProtoWriter, retryAfterMs: number): void {
  const ms = Math.ceil(retryAfterMs);
  const any = writer.open(3);
  writer.string(1, retryUrl);
  const info = writer.open(2);
  const delay = writer.open(1);
  writer.int(1, Math.floor(ms / 1000));
  writer.int(2, (ms % 1000) * 1_000_000);
  writer.close(delay);
  writer.close(info);
  writer.close(any);
}

function decodeDetails(bytes: Uint8Array): KvringError | undefined {
  try {
    const reader = new ProtoReader(bytes);
    let message = "";
    let reason: string | undefined;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x12) message = reader.string();
      else if (tag === 0x1a) reason = decodeReason(reader.message()) ?? reason;
      else reader.skip(tag & 7);
    }
    return reason === undefined ? undefined : KvringError.fromWire(reason, message);
  } catch {
    // Details are an extra: code and sentence are still there.
    return undefined;
  }
}

function decodeReason(any: ProtoReader): string | undefined {
  let url = "";
  let info: ProtoReader | undefined;
  while (!any.done) {
    const tag = any.tag();
    if (tag === 0x0a) url = any.string();
    else if (tag === 0x12) info = any.message();
    else any.skip(tag & 7);
  }
  if (url !== typeUrl || info === undefined) return undefined;
  let reason: string | undefined;
  let ours = false;
  while (!info.done) {
    const tag = info.tag();
    if (tag === 0x0a) reason = info.string();
    else if (tag === 0x12) ours = info.string() === domain;
    else info.skip(tag & 7);
  }
  return ours ? reason : undefined;
}
