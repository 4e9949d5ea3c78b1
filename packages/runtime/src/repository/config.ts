import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  isModelVersion,
  KvringError,
  lifeRulesOf,
  limits,
  parseTags,
  policyNames,
} from "@kvring/core";
import { z } from "zod";
import type { ModelConfig } from "../api.ts";
import { absent, checkInside } from "../file-reading.ts";

export const configName = "config.json";
const configBytes = 64 * 1024;
const maxThreads = 256;
const maxBatch = 1_024;
const maxDelayMs = 1_000;

const defaultBatching = { maxSize: 32, maxDelayMs: 2, tolerance: 0 } as const;

const batching = z.strictObject({
  maxSize: z.int().min(1).max(maxBatch).default(defaultBatching.maxSize),
  maxDelayMs: z.number().min(0).max(maxDelayMs).default(defaultBatching.maxDelayMs),
  tolerance: z.number().min(0).max(1).default(defaultBatching.tolerance),
});
const maxTagTtls = 64;
/** Beyond this an answer would be refreshed so early that it is hardly ever remembered. */
const maxEarlyRefresh = 10;
/** What the sketch that counts how often a key was asked for can tell. */
const maxAsks = 15;

const lifeMs = z.int().min(1).max(limits.entryTtlMs);
const lifeMsOrNone = z.int().min(0).max(limits.entryTtlMs);

const settings = z.strictObject({
  ttlMs: z.exactOptional(lifeMs),
  tags: z.array(z.string().refine(isTag)).max(limits.tagsPerRequest).default([]),
  versions: z
    .union([z.enum(["all", "latest"]), z.array(z.string().refine(isModelVersion)).min(1).max(1024)])
    .default("latest"),
  threads: z.union([z.literal("auto"), z.int().min(1).max(maxThreads)]).default(1),
  batching: z.union([z.boolean(), batching]).default(true),
  tagTtlMs: z.exactOptional(
    z
      .record(z.string().refine(isTag), lifeMs)
      .refine((ttls) => Object.keys(ttls).length <= maxTagTtls),
  ),
  staleWhileRevalidateMs: z.exactOptional(lifeMsOrNone),
  earlyRefresh: z.exactOptional(z.number().min(0).max(maxEarlyRefresh)),
  negativeTtlMs: z.exactOptional(lifeMsOrNone),
  activity: z.exactOptional(
    z.strictObject({ asks: z.int().min(2).max(maxAsks), inactiveTtlMs: lifeMsOrNone }),
  ),
  policy: z.exactOptional(z.enum(policyNames)),
});

const rules: Readonly<Record<string, string>> = {
  ttlMs: `must be whole milliseconds from 1 to ${limits.entryTtlMs}`,
  tags: `must be a list of at most ${limits.tagsPerRequest} tags of at most ${limits.tagBytes} bytes without commas and control characters`,
  versions: 'must be "all", "latest" or a list of versions such as ["1", "3"]',
  threads: `must be a whole number from 1 to ${maxThreads}, or "auto"`,
  batching: `must be true, false, or an object of maxSize (1 to ${maxBatch}), maxDelayMs (0 to ${maxDelayMs}) and tolerance (0 to 1)`,
  tagTtlMs: `must be at most ${maxTagTtls} tags with whole milliseconds from 1 to ${limits.entryTtlMs} each, as in {"prices": 5000}`,
  staleWhileRevalidateMs: `must be whole milliseconds from 0 to ${limits.entryTtlMs}`,
  earlyRefresh: `must be a number from 0, which is off, to ${maxEarlyRefresh}; 1 is usual`,
  negativeTtlMs: `must be whole milliseconds from 0, which is off, to ${limits.entryTtlMs}`,
  activity: `must be as in {"asks": 3, "inactiveTtlMs": 5000}: asks from 2 to ${maxAsks}, and whole milliseconds from 0, which is not kept, to ${limits.entryTtlMs}`,
  policy: `must be one of ${policyNames.join(", ")}: the eviction policy that suits the model's answers best`,
} satisfies Record<keyof typeof settings.shape, string>;

/**
 * `<model directory>/config.json`, or the defaults where there is none: frozen, and refused whole
 * with BAD_CONFIG, naming the setting and what would be right, when anything in it is wrong.
 */
export async function readConfig(modelDirectory: string, root: string): Promise<ModelConfig> {
  const path = join(modelDirectory, configName);
  const found = await stat(path).catch(absent);
  if (found === undefined) return parseConfig("{}", path);
  await checkInside(path, root);
  if (!found.isFile() || found.size > configBytes) {
    throw wrong(path, `must be a file of at most ${configBytes} bytes`);
  }
  return parseConfig(await readFile(path, "utf8"), path);
}

/** Throws BAD_CONFIG; `path` is for its sentence. */
export function parseConfig(text: string, path: string): ModelConfig {
  const result = settings.safeParse(parseJson(text, path));
  if (!result.success) {
    throw wrong(path, [...new Set(result.error.issues.map(sentence))].join("; "));
  }
  const { tags, versions, threads, batching: together } = result.data;
  const life = lifeRulesOf(result.data);
  for (const rule of Object.values(life)) Object.freeze(rule);
  return Object.freeze({
    ...life,
    tags: Object.freeze(tags),
    versions: typeof versions === "string" ? versions : Object.freeze(versions),
    threads,
    ...(together !== false && {
      batching: Object.freeze(together === true ? { ...defaultBatching } : together),
    }),
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(path, `is not JSON: ${KvringError.from(error).message}`);
  }
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    return `has no setting ${keys}: settings are ${Object.keys(rules).join(", ")}`;
  }
  const setting = issue.path[0];
  if (setting === undefined) return "must be an object of settings";
  return `${String(setting)} ${rules[String(setting)]}`;
}

function isTag(text: string): boolean {
  try {
    return parseTags(text).length === 1 && !text.includes(",") && text.trim() === text;
  } catch {
    return false;
  }
}

function wrong(path: string, what: string): KvringError {
  return new KvringError("BAD_CONFIG", `${path}: ${what}`);
}
