import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { KvringError, type TensorSpec } from "@kvring/core";
import { encodeStatus } from "@kvring/wire";
import type { ModelCatalog, ServedModel } from "../catalog/model-catalog.ts";

/** The questions of the Open Inference Protocol about the server and its models. */
export function metadataHandlers(server: {
  readonly name: string;
  readonly version: string;
  readonly catalog: ModelCatalog;
  readonly isReady: () => boolean;
}): UntypedServiceImplementation {
  const { catalog } = server;
  return {
    ServerLive: answering(() => ({ live: true })),
    ServerReady: answering(() => ({ ready: server.isReady() })),
    ModelReady: answering<ModelQuestion>(({ name, version }) => ({
      ready: catalog
        .versionsOf(name)
        .some(
          (model) => (version === "" || model.version === version) && catalog.isComputable(model),
        ),
    })),
    ServerMetadata: answering(() => ({
      name: server.name,
      version: server.version,
      extensions: ["kvring_cache"],
    })),
    ModelMetadata: answering<ModelQuestion>(({ name, version }) =>
      describe(catalog.resolve(name, version), catalog.versionsOf(name)),
    ),
  };
}

interface ModelQuestion {
  readonly name: string;
  readonly version: string;
}

function describe(model: ServedModel, versions: readonly ServedModel[]): object {
  return {
    name: model.model,
    versions: versions.map(({ version }) => version),
    platform: model.platform,
    inputs: model.inputs.map(describeTensor),
    outputs: model.outputs.map(describeTensor),
    properties: { digest: model.digest },
  };
}

function describeTensor({ name, datatype, shape }: TensorSpec): object {
  return { name, datatype, shape: [...shape] };
}

function answering<Question>(answer: (question: Question) => object) {
  return (call: ServerUnaryCall<Question, object>, callback: sendUnaryData<object>): void => {
    let reply: object;
    try {
      reply = answer(call.request);
    } catch (error) {
      callback(encodeStatus(KvringError.from(error)));
      return;
    }
    callback(null, reply);
  };
}
