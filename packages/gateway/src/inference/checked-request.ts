import {
  KvringError,
  type Position,
  type RequestKey,
  requestKey,
  type ScopeId,
  scopeId,
} from "@kvring/core";
import { resolveInputs, resolveOutputs, type ScannedRequest } from "@kvring/wire";
import { type CacheControl, readCacheControl } from "../cache/cache-control.ts";
import type { ModelCatalog, ServedModel } from "../catalog/model-catalog.ts";

/** A request that is well-formed, fits its model, and has its key. */
export interface CheckedRequest {
  readonly id: string;
  readonly model: ServedModel;
  readonly cache: CacheControl;
  readonly key: RequestKey;
  /** What an answer belongs to, but for the key itself. */
  readonly scopes: readonly ScopeId[];
  /** Of these, the tags that the request carries. */
  readonly tagScopes: readonly ScopeId[];
  /** The log position when the request was admitted: what is computed for it is born there. */
  readonly born: Position;
  /** The `ModelInferRequest` as it came. */
  readonly message: Uint8Array;
}

/**
 * Finds everything that is wrong with a request before it costs anyone.
 *
 * `born` is read by the caller before the catalog is looked at here: a model that is replaced in
 * between makes the answer older than the replacement, never younger.
 */
export function checkRequest(
  scanned: ScannedRequest,
  message: Uint8Array,
  context: {
    readonly catalog: ModelCatalog;
    readonly born: Position;
    readonly tenant: string;
    readonly parametersOfCall: ScannedRequest["parameters"];
  },
): CheckedRequest {
  const model = context.catalog.resolve(scanned.modelName, scanned.modelVersion);
  refuseSequences(scanned);
  const cache = readCacheControl(withCallParameters(scanned.parameters, context.parametersOfCall));
  const inputs = resolveInputs(scanned, model);
  const outputs = resolveOutputs(scanned, model);
  const { tenant, born } = context;
  const key = requestKey({
    tenant,
    model: { name: model.model, version: model.version, digest: model.digest },
    outputs,
    parameters: scanned.parameters,
    inputs,
  });
  const tagScopes = cache.tags.map((tag) => scopeId({ kind: "tag", tenant, tag }));
  const scopes = tagScopes.length === 0 ? model.scopes : [...model.scopes, ...tagScopes];
  return { id: scanned.id, model, cache, key, scopes, tagScopes, born, message };
}

/** The parameter of the request wins over the metadata of the call. */
function withCallParameters(
  own: ScannedRequest["parameters"],
  ofCall: ScannedRequest["parameters"],
): ScannedRequest["parameters"] {
  if (ofCall.length === 0) return own;
  const names = new Set(own.map(({ name }) => name));
  return [...ofCall.filter(({ name }) => !names.has(name)), ...own];
}

/** A sequence is a conversation with one instance of a model: a remembered answer would be wrong. */
function refuseSequences(scanned: ScannedRequest): void {
  for (const { name } of scanned.parameters) {
    if (!name.startsWith("sequence_")) continue;
    throw new KvringError(
      "UNSUPPORTED_PARAMETER",
      `parameter "${name}": stateful sequences are not served; pass the state as an input tensor`,
    );
  }
}
