import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "./limits.ts";
import { parseTags, type Scope, scopeId } from "./scope.ts";

const key = Buffer.alloc(32);
key[31] = 255;

// Entries at rest carry these: a change of one makes old entries escape their invalidation.
const golden: readonly [Scope, bigint][] = [
  [{ kind: "all" }, 0xc0cda3fe06a500b9n],
  [{ kind: "model", model: "mnist" }, 0x3022c20f2c7aa39an],
  [{ kind: "version", model: "mnist", version: "1" }, 0xe4fd6d63ed5cb147n],
  [{ kind: "tag", tenant: "", tag: "catalog" }, 0xadbee9b21b3a50c8n],
  [{ kind: "tag", tenant: "acme", tag: "catalog" }, 0xbd833ffa7f04f0a3n],
  [{ kind: "tag", tenant: "münchen", tag: "größe" }, 0x798eca8a2a711badn],
  [{ kind: "key", key }, 0x90d5215b0e92031cn],
];

test.each(golden)("the id of %j never changes", (scope, id) => {
  expect(scopeId(scope)).toBe(id);
});

test("scopes that differ have ids that differ", () => {
  const name = fc.constantFrom("a", "b", "ab", "model", "all", "1", "");
  const anyScope: fc.Arbitrary<Scope> = fc.oneof(
    fc.constant({ kind: "all" } as const),
    fc.record({ kind: fc.constant("model" as const), model: name }),
    fc.record({ kind: fc.constant("version" as const), model: name, version: name }),
    fc.record({ kind: fc.constant("tag" as const), tenant: name, tag: name }),
    fc.record({ kind: fc.constant("key" as const), key: fc.uint8Array({ maxLength: 2 }) }),
  );
  fc.assert(
    fc.property(fc.array(anyScope, { minLength: 20 }), (scopes) => {
      const ids = new Map(scopes.map((scope) => [JSON.stringify(scope), scopeId(scope)]));
      expect(new Set(ids.values()).size).toBe(ids.size);
    }),
  );
});

describe("cache_tags", () => {
  const letter = fc.constantFrom(..."abcÄ-_:/ 🙂");
  const tag = fc
    .string({ unit: letter, minLength: 1, maxLength: 20 })
    .map((text) => text.trim())
    .filter((text) => text !== "");

  test("gives the tags in order, without repeats and surrounding space", () => {
    fc.assert(
      fc.property(fc.uniqueArray(tag, { maxLength: 16 }), (tags) => {
        expect(parseTags(tags.join(","))).toEqual(tags);
        expect(parseTags(`${tags.join(" ,  ")},, ${tags[0] ?? ""}`)).toEqual(tags);
      }),
    );
  });

  test("without tags is nothing", () => {
    expect(parseTags("")).toEqual([]);
    expect(parseTags(" , ,")).toEqual([]);
  });

  test("takes as many and as long tags as the limits say, with any spacing between", () => {
    const tags = Array.from({ length: limits.tagsPerRequest }, (_, index) =>
      String(index).padStart(limits.tagBytes, "x"),
    );
    expect(parseTags(tags.join(", "))).toEqual(tags);
    const bytes = "é".repeat(limits.tagBytes / 2);
    expect(parseTags(bytes)).toEqual([bytes]);
  });

  const sixteen = Array.from({ length: 16 }, (_, index) => `t${index}`);

  test.each([
    ["a tag too many", [...sixteen, "t16"].join(","), "17 tags, at most 16"],
    ["a tag too long", "x".repeat(129), "at most 128 bytes"],
    ["a tag too long in bytes", "é".repeat(65), "at most 128 bytes"],
    ["NUL", "a\0b", "no control characters"],
    ["a line break", "a\nb", "no control characters"],
    ["DEL", "a\u007f", "no control characters"],
    ["a lone surrogate", "a\ud800", "valid text"],
    ["more text than any tags need", ",".repeat(1_000_000), "1000000 characters, at most 2080"],
  ])("refuses %s", (_, text, why) => {
    expect(() => parseTags(text)).toThrow(expect.objectContaining({ reason: "BAD_TAG" }));
    expect(() => parseTags(text)).toThrow(why);
  });
});
