import { hash } from "node:crypto";
import { KvringError } from "./errors.ts";
import { limits } from "./limits.ts";

/** What an invalidation names, and what every entry says it belongs to. */
export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "version"; readonly model: string; readonly version: string }
  | { readonly kind: "tag"; readonly tenant: string; readonly tag: string }
  | { readonly kind: "key"; readonly key: Uint8Array };

/**
 * A scope as 64 bits: what entries carry and what tables are indexed by.
 *
 * Two scopes that share an id are invalidated together: a lost hit, never a stale answer. At a
 * million scopes the chance that any two do is 3 in 10^8.
 */
export type ScopeId = bigint;

export function scopeId(scope: Scope): ScopeId {
  const digest = hash("sha256", `kvring/scope/1\0${canonical(scope)}`, "buffer");
  return digest.readBigUInt64LE(0);
}

function canonical(scope: Scope): string {
  switch (scope.kind) {
    case "all":
      return "all";
    case "model":
      return `model\0${scope.model}`;
    case "version":
      return `version\0${scope.model}\0${scope.version}`;
    case "tag":
      return `tag\0${scope.tenant}\0${scope.tag}`;
    case "key":
      return `key\0${Buffer.from(scope.key).toString("hex")}`;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const forbiddenInTags = /[\u0000-\u001f\u007f,]/;

/** As many of the longest tags as are allowed, with a comma and a space after each. */
const tagsChars = limits.tagsPerRequest * (limits.tagBytes + 2);

/** The tags of a `cache_tags` parameter: comma separated, trimmed, without repeats, bounded. */
export function parseTags(text: string): string[] {
  // Before splitting: 64 MiB of commas are 64 million tags.
  if (text.length > tagsChars) {
    throw new KvringError(
      "BAD_TAG",
      `cache_tags has ${text.length} characters, at most ${tagsChars} are allowed`,
    );
  }
  const tags = [...new Set(text.split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  if (tags.length > limits.tagsPerRequest) {
    throw new KvringError(
      "BAD_TAG",
      `cache_tags names ${tags.length} tags, at most ${limits.tagsPerRequest} are allowed`,
    );
  }
  for (const tag of tags) {
    // A lone surrogate would be hashed as U+FFFD, and two tags would be one.
    if (
      !tag.isWellFormed() ||
      forbiddenInTags.test(tag) ||
      Buffer.byteLength(tag) > limits.tagBytes
    ) {
      throw new KvringError(
        "BAD_TAG",
        `cache_tags: ${JSON.stringify(tag)} is not a tag: at most ${limits.tagBytes} bytes of valid text, no control characters`,
      );
    }
  }
  return tags;
}
