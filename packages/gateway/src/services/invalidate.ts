import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { isModelVersion, KvringError, parseTags, type Scope, scopeId } from "@kvring/core";
import { encodeStatus, type InvalidateRequest } from "@kvring/wire";
import type { ModelCatalog } from "../catalog/model-catalog.ts";
import type { Coherence } from "../coherence/coherence.ts";
import { remainingMsOf } from "./deadline.ts";

const keyBytes = 32;

/** `Invalidate`: returns OK once nobody can be given anything older any more. */
export function invalidateHandler(parts: {
  readonly coherence: Pick<Coherence, "invalidate">;
  readonly catalog: ModelCatalog;
  /** For calls without a deadline: longer than D, or it could never succeed with a dead gateway. */
  readonly timeoutMs: number;
  readonly onInvalidated: (waitedMs: number) => void;
}) {
  const { coherence, catalog, timeoutMs, onInvalidated } = parts;
  const invalidate = async (call: ServerUnaryCall<InvalidateRequest, object>): Promise<object> => {
    const scope = readScope(call.request);
    const known = isKnown(scope, catalog);
    const isBroad = scope.kind !== "tag" && scope.kind !== "key";
    const patienceMs = remainingMsOf(call) ?? timeoutMs;
    const result = await coherence.invalidate([scopeId(scope)], isBroad, patienceMs);
    onInvalidated(result.waitedMs);
    const { position, gateways, acknowledged, waitedMs } = result;
    return { sequence: position.sequence, gateways, acknowledged, waitedMs, known };
  };
  return (
    call: ServerUnaryCall<InvalidateRequest, object>,
    callback: sendUnaryData<object>,
  ): void => {
    invalidate(call).then(
      (response) => callback(null, response),
      (error) => callback(encodeStatus(KvringError.from(error))),
    );
  };
}

/** Throws BAD_PARAMETER, BAD_TAG or MODEL_INVALID, saying what would be right. */
function readScope(request: InvalidateRequest): Scope {
  switch (request.scope) {
    case "all":
      if (request.all === true) return { kind: "all" };
      throw new KvringError("BAD_PARAMETER", "scope all must be true: it invalidates everything");
    case "model":
      if (request.model) return { kind: "model", model: request.model };
      throw new KvringError("BAD_PARAMETER", "scope model is empty: name a model");
    case "version": {
      const { model = "", version = "" } = request.version ?? {};
      if (model !== "" && isModelVersion(version)) return { kind: "version", model, version };
      throw new KvringError(
        "BAD_PARAMETER",
        `scope version needs a model and a version number, got "${model}" and "${version}"`,
      );
    }
    case "tag":
      return { kind: "tag", tenant: "", tag: readTag(request.tag ?? "") };
    case "key":
      if (request.key?.length === keyBytes) return { kind: "key", key: request.key };
      throw new KvringError(
        "BAD_PARAMETER",
        `scope key has ${request.key?.length ?? 0} bytes, and must have ${keyBytes}: see cache_debug`,
      );
    default:
      throw new KvringError(
        "BAD_PARAMETER",
        "no scope is given: say all, model, version, tag or key",
      );
  }
}

/** As `cache_tags` would take it; one at a time. */
function readTag(text: string): string {
  const [tag, another] = parseTags(text);
  if (tag !== undefined && another === undefined) return tag;
  throw new KvringError("BAD_TAG", `scope tag is ${JSON.stringify(text)}, and must be one tag`);
}

/** Invalidating what nobody knows is no mistake: it may have been known a moment ago. */
function isKnown(scope: Scope, catalog: ModelCatalog): boolean {
  switch (scope.kind) {
    case "model":
      return catalog.versionsOf(scope.model).length > 0;
    case "version":
      return catalog.versionsOf(scope.model).some(({ version }) => version === scope.version);
    default:
      return true;
  }
}
