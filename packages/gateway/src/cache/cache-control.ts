import { KvringError, limits, type Parameter, parseTags } from "@kvring/core";

/**
 * What a request says about its own caching: the request directives of RFC 9111 and RFC 5861, by
 * parameter or by gRPC metadata of the same name; the parameter wins.
 */
export interface CacheControl {
  /** `no-cache`: compute it now, and remember the answer. */
  readonly noCache: boolean;
  /** `no-store`: neither look it up nor remember anything of it. */
  readonly noStore: boolean;
  /** `only-if-cached`: from memory or not at all. */
  readonly onlyIfCached: boolean;
  /** `max-age`: nothing older than this. */
  readonly maxAgeMs: number | undefined;
  /** `max-stale`: expired answers up to this are welcome too. Permission, never a duty. */
  readonly maxStaleMs: number;
  /** `stale-if-error`: the same while the cluster cannot tell what is current. */
  readonly staleIfErrorMs: number;
  /** `cache_ttl_ms`: the life of the answer, where it is computed for this request. */
  readonly ttlMs: number | undefined;
  readonly tags: readonly string[];
  readonly debug: boolean;
}

export const defaultCacheControl: CacheControl = Object.freeze({
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
  maxStaleMs: 0,
  staleIfErrorMs: 0,
  ttlMs: undefined,
  tags: Object.freeze([]),
  debug: false,
});

/** The names under which metadata may say the same. */
export const cacheParameters = [
  "cache_control",
  "cache_ttl_ms",
  "cache_tags",
  "cache_debug",
] as const;

type Draft = { -readonly [K in keyof CacheControl]: CacheControl[K] };

/** Throws BAD_CACHE_CONTROL, BAD_PARAMETER or BAD_TAG, naming what was found and what is known. */
export function readCacheControl(parameters: readonly Parameter[]): CacheControl {
  let draft: Draft | undefined;
  for (const parameter of parameters) {
    if (!parameter.name.startsWith("cache_")) continue;
    draft ??= { ...defaultCacheControl };
    readParameter(draft, parameter);
  }
  if (draft === undefined) return defaultCacheControl;
  if (draft.onlyIfCached && (draft.noCache || draft.noStore)) {
    throw new KvringError(
      "BAD_CACHE_CONTROL",
      "cache_control: only-if-cached contradicts no-cache and no-store; nothing could be answered",
    );
  }
  return draft;
}

function readParameter(draft: Draft, parameter: Parameter): void {
  switch (parameter.name) {
    case "cache_control":
      for (const directive of textOf(parameter).split(",")) readDirective(draft, directive.trim());
      break;
    case "cache_ttl_ms":
      draft.ttlMs = ttlOf(parameter);
      break;
    case "cache_tags":
      draft.tags = parseTags(textOf(parameter));
      break;
    case "cache_debug":
      draft.debug = flagOf(parameter);
      break;
    default:
      throw new KvringError(
        "BAD_PARAMETER",
        `parameter "${parameter.name}" is unknown; parameters of the cache are ${cacheParameters.join(", ")}`,
      );
  }
}

/** Directive names are case-insensitive (RFC 9111, section 5.2); an empty list element is skipped. */
function readDirective(draft: Draft, directive: string): void {
  if (directive === "") return;
  const [name = "", ...rest] = directive.split("=");
  const argument = rest.length === 0 ? undefined : rest.join("=");
  switch (name.toLowerCase()) {
    case "no-cache":
      draft.noCache = withoutArgument(directive, argument);
      break;
    case "no-store":
      draft.noStore = withoutArgument(directive, argument);
      break;
    case "only-if-cached":
      draft.onlyIfCached = withoutArgument(directive, argument);
      break;
    case "max-age":
      draft.maxAgeMs = seconds(directive, argument);
      break;
    case "max-stale":
      // Without an argument: any staleness (RFC 9111, 5.2.1.2).
      draft.maxStaleMs = argument === undefined ? limits.entryTtlMs : seconds(directive, argument);
      break;
    case "stale-if-error":
      draft.staleIfErrorMs = seconds(directive, argument);
      break;
    default:
      throw new KvringError(
        "BAD_CACHE_CONTROL",
        `cache_control: "${directive}" is unknown; known are no-cache, no-store, only-if-cached, max-age=S, max-stale[=S], stale-if-error=S`,
      );
  }
}

function withoutArgument(directive: string, argument: string | undefined): true {
  if (argument === undefined) return true;
  throw new KvringError("BAD_CACHE_CONTROL", `cache_control: "${directive}" takes no argument`);
}

/** delta-seconds, also quoted, as RFC 9111 asks recipients to accept. */
function seconds(directive: string, argument: string | undefined): number {
  const digits = argument?.replace(/^"(.*)"$/, "$1");
  if (digits !== undefined && /^\d{1,10}$/.test(digits)) return Number(digits) * 1000;
  throw new KvringError(
    "BAD_CACHE_CONTROL",
    `cache_control: "${directive}" needs whole seconds, as in ${directive.split("=")[0]}=60`,
  );
}

function textOf(parameter: Parameter): string {
  if (parameter.kind === "string") return parameter.value;
  throw new KvringError(
    "BAD_PARAMETER",
    `parameter "${parameter.name}" must be a string_param, got ${parameter.kind}`,
  );
}

function flagOf(parameter: Parameter): boolean {
  if (parameter.kind === "bool") return parameter.value;
  if (parameter.kind === "string" && /^(true|false)$/.test(parameter.value)) {
    return parameter.value === "true";
  }
  throw new KvringError("BAD_PARAMETER", `parameter "${parameter.name}" must be a bool_param`);
}

function ttlOf(parameter: Parameter): number {
  const value = wholeNumber(parameter);
  if (value !== undefined && value >= 1 && value <= limits.entryTtlMs) return value;
  throw new KvringError(
    "BAD_PARAMETER",
    `parameter "${parameter.name}" must be whole milliseconds from 1 to ${limits.entryTtlMs} (24 hours); to keep an answer out of the cache use cache_control no-store`,
  );
}

function wholeNumber(parameter: Parameter): number | undefined {
  switch (parameter.kind) {
    case "int64":
    case "uint64":
      return Number(parameter.value);
    case "double":
      return Number.isInteger(parameter.value) ? parameter.value : undefined;
    case "string":
      return /^\d{1,10}$/.test(parameter.value) ? Number(parameter.value) : undefined;
    default:
      return undefined;
  }
}
