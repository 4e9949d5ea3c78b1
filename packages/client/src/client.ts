import {
  Client,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { KvringError, type Scope, type Tensor, type TensorSpec } from "@kvring/core";
import {
  clientOptions,
  decodeResponse,
  decodeStatus,
  encodeRequest,
  type InferRequest,
  type InferResponse,
  loadServices,
} from "@kvring/wire";

/** An answer, with how the cluster came to it. */
export interface Answer extends Omit<InferResponse, "parameters"> {
  /** RFC 9211, as in `kvring; hit; ttl=57; detail=l1`; empty when another server answered. */
  readonly cacheStatus: string;
  readonly parameters: InferResponse["parameters"];
  /** Of the whole message. */
  readonly bytes: number;
}

export interface CallOptions {
  /** Undefined: as long as the server waits. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What an invalidation that returned OK tells. */
export interface Invalidated {
  /** Its place in the control log. */
  readonly sequence: number;
  readonly gateways: number;
  /** Gateways that said they know; the leases of the others have run out. */
  readonly acknowledged: number;
  readonly waitedMs: number;
  /** False: the catalog has no such model or version. */
  readonly known: boolean;
}

export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

const inferPath = "/kvring.v1.InferenceService/Infer";

/** A connection to a gateway. Every method throws KvringError. */
export class KvringClient {
  readonly #client: Client;
  readonly #own: InstanceType<ReturnType<typeof loadServices>["kvring"]["v1"]["InferenceService"]>;
  readonly #open: InstanceType<
    ReturnType<typeof loadServices>["inference"]["GRPCInferenceService"]
  >;

  /** `address` is host:port of a gateway. */
  constructor(address: string) {
    const { inference, kvring } = loadServices();
    const { GRPCInferenceService } = inference;
    const insecure = credentials.createInsecure();
    this.#client = new Client(address, insecure, clientOptions);
    this.#open = new GRPCInferenceService(address, insecure, clientOptions);
    this.#own = new kvring.v1.InferenceService(address, insecure, clientOptions);
  }

  /** Resolves when the gateway can be reached; throws UNAVAILABLE when it cannot within the time. */
  waitUntilReachable(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const address = this.#client.getChannel().getTarget().replace(/^dns:/, "");
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error === undefined) resolve();
        else
          reject(
            new KvringError("LINK_LOST", `no gateway answers at ${address}: ${error.message}`),
          );
      });
    });
  }

  async infer(request: InferRequest, options: CallOptions = {}): Promise<Answer> {
    return describe(await this.inferRaw(encodeRequest(request), options));
  }

  /** The bytes of a `ModelInferRequest` in, those of a `ModelInferResponse` out. */
  inferRaw(request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { timeoutMs, signal } = options;
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      const call: ClientUnaryCall = this.#client.makeUnaryRequest<Uint8Array, Uint8Array>(
        inferPath,
        toBuffer,
        (bytes) => bytes,
        request,
        new Metadata(),
        deadline,
        (error: ServiceError | null, answer?: Uint8Array) => {
          signal?.removeEventListener("abort", cancel);
          if (error === null) resolve(answer ?? new Uint8Array(0));
          else reject(decodeStatus(error));
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      if (signal?.aborted) cancel();
    });
  }

  /**
   * Once this has resolved, no `infer` that starts later, through any gateway, is answered with
   * anything of the scope computed before. An error promises nothing; repeating it is harmless.
   */
  invalidate(scope: Scope, options: { readonly timeoutMs?: number } = {}): Promise<Invalidated> {
    const { timeoutMs } = options;
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      this.#own.Invalidate(requestOf(scope), deadline, (error, reply) => {
        if (error !== null || reply === undefined) {
          reject(decodeStatus(error ?? { message: "no reply" }));
          return;
        }
        resolve({ ...reply, sequence: Number(reply.sequence) });
      });
    });
  }

  modelMetadata(name: string, version = ""): Promise<ModelDescription> {
    return new Promise((resolve, reject) => {
      this.#open.ModelMetadata({ name, version }, (error, reply) => {
        if (error !== null || reply === undefined) {
          reject(decodeStatus(error ?? { message: "no reply" }));
          return;
        }
        resolve({
          name: reply.name,
          versions: reply.versions,
          platform: reply.platform,
          inputs: reply.inputs.map(readSpec),
          outputs: reply.outputs.map(readSpec),
        });
      });
    });
  }

  serverReady(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#open.ServerReady({}, (error, reply) => {
        if (error === null) resolve(reply?.ready ?? false);
        else reject(decodeStatus(error));
      });
    });
  }

  close(): void {
    this.#client.close();
    this.#open.close();
    this.#own.close();
  }
}

/** The answer in a `ModelInferResponse`. */
export function describe(message: Uint8Array): Answer {
  const response = decodeResponse(message);
  const status = response.parameters.get("cache_status");
  return {
    ...response,
    cacheStatus: status?.kind === "string" ? status.value : "",
    bytes: message.length,
  };
}

function requestOf(scope: Scope): object {
  switch (scope.kind) {
    case "all":
      return { all: true };
    case "model":
      return { model: scope.model };
    case "version":
      return { version: { model: scope.model, version: scope.version } };
    case "tag":
      return { tag: scope.tag };
    case "key":
      return { key: scope.key };
  }
}

function readSpec(spec: {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
}): TensorSpec {
  const { name, datatype, shape } = spec;
  return { name, datatype: datatype as Tensor["datatype"], shape: shape.map(Number) };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
