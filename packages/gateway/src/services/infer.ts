import { KvringError, limits, type Parameter } from "@kvring/core";
import { encodeStatus, type UnaryCall, type UnaryHandler } from "@kvring/wire";
import { cacheParameters } from "../cache/cache-control.ts";
import type { InferencePath } from "../inference/inference-path.ts";
import type { Call } from "../inference/open-request.ts";
import { remainingMsOf } from "./deadline.ts";

/**
 * ModelInfer and Infer: the same messages, the same path.
 *
 * A client that does not read leaves its answers in our memory. What calls hold, requests and
 * answers, is counted until they are closed; beyond the bound new ones are refused.
 */
export function inferHandler(
  path: InferencePath,
  heldBytesMost = 4 * limits.messageBytes,
): UnaryHandler {
  let heldBytes = 0;
  return (call, callback) => {
    if (heldBytes > heldBytesMost) {
      callback(encodeStatus(tooMuchHeld(heldBytesMost)));
      return;
    }
    let ownBytes = call.request.length;
    heldBytes += ownBytes;
    // Said of every call when it is over, whatever ended it.
    call.on("cancelled", () => {
      heldBytes -= ownBytes;
    });
    path.infer(call.request, callOf(call), (error, answer) => {
      if (answer !== undefined && !call.cancelled) {
        ownBytes += answer.length;
        heldBytes += answer.length;
      }
      if (error === undefined) callback(null, answer);
      else callback(encodeStatus(error));
    });
  };
}

function tooMuchHeld(most: number): KvringError {
  return new KvringError(
    "TOO_MANY_IN_FLIGHT",
    `calls hold ${most} bytes at this gateway, requests and answers that clients have not read: read faster, or retry later`,
  );
}

function callOf(call: UnaryCall): Call {
  return {
    tenant: "",
    parameters: parametersOf(call.metadata),
    remainingMs: remainingMsOf(call),
    onCancel: (listener) => {
      if (call.cancelled) listener();
      else call.on("cancelled", listener);
    },
  };
}

const none: readonly Parameter[] = Object.freeze([]);

function parametersOf(metadata: UnaryCall["metadata"]): readonly Parameter[] {
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
