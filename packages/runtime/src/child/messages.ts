import { KvringError, type ModelIdentity, type Tensor } from "@kvring/core";
import { encodeFrame, type Frame } from "./frames.ts";

/** What a child is asked; it answers each before it is asked the next. */
export type Request =
  | {
      readonly kind: "load";
      readonly model: ModelIdentity;
      readonly path: string;
      readonly threads: number;
    }
  | { readonly kind: "unload"; readonly digest: string }
  | {
      readonly kind: "run";
      readonly digest: string;
      readonly inputs: readonly Tensor[];
      readonly outputs: readonly string[];
    };

/** What a child says: `ready` once, unasked, then one answer to each request. */
export type Reply =
  | { readonly kind: "ready" }
  | { readonly kind: "loaded" }
  | { readonly kind: "unloaded" }
  | { readonly kind: "ran"; readonly outputs: readonly Tensor[]; readonly computeMs: number }
  | { readonly kind: "failed"; readonly error: KvringError };

type TensorHeader = Omit<Tensor, "data">;

/** Messages with their tensors' bytes taken out, which travel as the frame's parts, in order. */
type Header =
  | Exclude<Request, { kind: "run" }>
  | Exclude<Reply, { kind: "ran" | "failed" }>
  | {
      readonly kind: "run";
      readonly digest: string;
      readonly tensors: readonly TensorHeader[];
      readonly outputs: readonly string[];
    }
  | {
      readonly kind: "ran";
      readonly computeMs: number;
      readonly tensors: readonly TensorHeader[];
    }
  | { readonly kind: "failed"; readonly reason: string; readonly message: string };

/** Throws MESSAGE_TOO_LARGE. */
export function encodeRequest(request: Request): Uint8Array[] {
  if (request.kind !== "run") return encode(request);
  const { kind, digest, outputs, inputs } = request;
  return encode({ kind, digest, outputs, tensors: inputs.map(withoutData) }, inputs);
}

/** Throws MESSAGE_TOO_LARGE. */
export function encodeReply(reply: Reply): Uint8Array[] {
  if (reply.kind === "failed") {
    const { reason, message } = reply.error;
    return encode({ kind: "failed", reason, message });
  }
  if (reply.kind !== "ran") return encode(reply);
  const { kind, computeMs, outputs } = reply;
  return encode({ kind, computeMs, tensors: outputs.map(withoutData) }, outputs);
}

export function decodeRequest(frame: Frame): Request {
  const header = headerOf(frame);
  switch (header.kind) {
    case "load":
    case "unload":
      return header;
    case "run": {
      const { kind, digest, outputs } = header;
      return { kind, digest, outputs, inputs: withData(header.tensors, frame) };
    }
    default:
      throw unknown(header.kind);
  }
}

export function decodeReply(frame: Frame): Reply {
  const header = headerOf(frame);
  switch (header.kind) {
    case "ready":
    case "loaded":
    case "unloaded":
      return header;
    case "ran": {
      const { kind, computeMs } = header;
      return { kind, computeMs, outputs: withData(header.tensors, frame) };
    }
    case "failed":
      return { kind: "failed", error: KvringError.fromWire(header.reason, header.message) };
    default:
      throw unknown(header.kind);
  }
}

function encode(header: Header, tensors: readonly Tensor[] = []): Uint8Array[] {
  return encodeFrame(
    header,
    tensors.map(({ data }) => data),
  );
}

/** Both ends are this very version of this package, so a header is what its kind says. */
function headerOf(frame: Frame): Header {
  return frame.header as Header;
}

function withoutData({ name, datatype, shape }: Tensor): TensorHeader {
  return { name, datatype, shape };
}

function withData(headers: readonly TensorHeader[], { parts }: Frame): Tensor[] {
  if (parts.length !== headers.length) throw unknown(`${parts.length} tensors`);
  return headers.map((header, index) => ({ ...header, data: parts[index] ?? new Uint8Array() }));
}

function unknown(what: string): KvringError {
  return new KvringError("MESSAGE_MALFORMED", `a model's process and we do not agree on ${what}`);
}
