import type { handleUnaryCall, Metadata, ServerUnaryCall } from "@grpc/grpc-js";
import type { Parameter } from "@kvring/core";
import { encodeStatus } from "@kvring/wire";
import { cacheParameters } from "../cache/cache-control.ts";
import type { InferencePath } from "../inference/inference-path.ts";
import type { Call } from "../inference/open-request.ts";
import { remainingMsOf } from "./deadline.ts";

/** ModelInfer and Infer: the same messages, the same path. */
export function inferHandler(path: InferencePath): handleUnaryCall<Uint8Array, Uint8Array> {
  return (call, callback) => {
    path.infer(call.request, callOf(call), (error, answer) => {
      if (error === undefined) callback(null, answer);
      else callback(encodeStatus(error));
    });
  };
}

function callOf(call: ServerUnaryCall<Uint8Array, Uint8Array>): Call {
  return {
    tenant: "",
    parameters: parametersOf(call.metadata),
    remainingMs: remainingMsOf(call),
    onCancel: (listener) => {
      call.on("cancelled", listener);
    },
  };
}

const none: readonly Parameter[] = Object.freeze([]);

function parametersOf(metadata: Metadata): readonly Parameter[] {
  let parameters: Parameter[] | undefined;
  for (const name of cacheParameters) {
    const values = metadata.get(name);
    if (values.length === 0) continue;
    parameters ??= [];
    const value = values.map(String).join(",");
    parameters.push({ name, kind: "string", value });
  }
  return parameters ?? none;
}
