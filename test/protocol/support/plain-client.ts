/**
 * A client as any user of Triton's protocol would write it: the published protocol files,
 * `@grpc/proto-loader` and `@grpc/grpc-js`. Nothing of kvring's own code is in it.
 */
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";

export interface Parameter {
  readonly bool_param?: boolean;
  readonly int64_param?: number | string;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: number | string;
}

export interface InferRequest {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly inputs?: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly (string | number)[];
    readonly contents?: Readonly<Record<string, readonly unknown[]>>;
  }[];
  readonly outputs?: readonly { readonly name: string }[];
  readonly raw_input_contents?: readonly Uint8Array[];
}

export interface InferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly string[];
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

const openInference = "inference.GRPCInferenceService";
const kvringInference = "kvring.v1.InferenceService";

const definitions = loadSync(["inference.proto", "kvring/v1/inference.proto"], {
  includeDirs: [join(import.meta.dirname, "../../../proto")],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

const methodOf = (service: string, method: string) => {
  const found = (definitions[service] as ServiceDefinition | undefined)?.[method];
  if (found === undefined) throw new Error(`the protocol files have no ${service}/${method}`);
  return found;
};

/** The bytes of a request, as a client would put them on the wire. */
export function encodeInfer(request: InferRequest): Buffer {
  return methodOf(openInference, "ModelInfer").requestSerialize(request);
}

export class PlainClient {
  readonly #client: Client;

  constructor(address: string) {
    // Without these, grpc-js refuses to take in more than 4 MiB.
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
    });
  }

  async infer(request: InferRequest, options: CallOptions = {}): Promise<InferResponse> {
    return (await this.call("ModelInfer", request, options)) as InferResponse;
  }

  /** The same through kvring's own service. */
  async kvringInfer(request: InferRequest, options: CallOptions = {}): Promise<InferResponse> {
    const { path, requestSerialize, responseDeserialize } = methodOf(kvringInference, "Infer");
    const answer = await this.#unary(path, requestSerialize, responseDeserialize, request, options);
    return answer as InferResponse;
  }

  /** Any method of the Open Inference Protocol. */
  call(method: string, request: object, options: CallOptions = {}): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = methodOf(openInference, method);
    return this.#unary(path, requestSerialize, responseDeserialize, request, options);
  }

  /** Sends these bytes as the message of a ModelInfer. */
  async inferBytes(bytes: Uint8Array, options: CallOptions = {}): Promise<InferResponse> {
    const { path, responseDeserialize } = methodOf(openInference, "ModelInfer");
    const asTheyAre = (): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const answer = await this.#unary(path, asTheyAre, responseDeserialize, {}, options);
    return answer as InferResponse;
  }

  close(): void {
    this.#client.close();
  }

  #unary(
    path: string,
    serialize: (request: object) => Buffer,
    deserialize: (bytes: Buffer) => object,
    request: object,
    { metadata = {}, deadlineMs = 30_000, signal }: CallOptions,
  ): Promise<object> {
    const headers = new Metadata();
    for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        headers,
        { deadline: Date.now() + deadlineMs },
        (error, answer) => {
          if (error !== null) reject(error);
          else if (answer === undefined) reject(new Error("an answer without a message"));
          else resolve(answer);
        },
      );
      signal?.addEventListener("abort", () => call.cancel());
    });
  }
}

/** Where the answer came from, as it says itself. */
export function cacheStatus(answer: InferResponse): string | undefined {
  return answer.parameters["cache_status"]?.string_param;
}

export const fromNode = /^kvring; hit; ttl=\d+; detail=node$/;
export const fromNearCache = /^kvring; hit; ttl=\d+; detail=l1$/;
export const stored = "kvring; fwd=miss; stored";
