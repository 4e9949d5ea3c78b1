import type { PolicyName } from "./eviction-policy.ts";
import { limits } from "./limits.ts";

/** How a model's answers are kept, and for how long, as its owner configured it: `config.json` and the catalog. */
export interface LifeRules {
  /** Life of an answer; absent: the cluster's default. */
  readonly ttlMs?: number;
  /** Life of what carries a tag. */
  readonly tagTtlMs?: Readonly<Record<string, number>>;
  /** For so long past its life an answer is given while one refresh runs (RFC 5861). */
  readonly staleWhileRevalidateMs?: number;
  /**
   * How eagerly an answer is refreshed before it expires, in multiples of what computing it takes:
   * β of Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention"
   * (PVLDB 8, 2015). 0 or absent: not before.
   */
  readonly earlyRefresh?: number;
  /** Life of an error that the model reports for an input. 0 or absent: it is not kept. */
  readonly negativeTtlMs?: number;
  readonly activity?: ActivityRule;
  /** The eviction policy for its answers on the nodes; absent: the node's own. */
  readonly policy?: PolicyName | undefined;
}

/** An answer that was asked for fewer than `asks` times lately lives for `inactiveTtlMs`; 0: is not kept. */
interface ActivityRule {
  readonly asks: number;
  readonly inactiveTtlMs: number;
}

/** The rules alone, of something that has them among other fields. */
export function lifeRulesOf(from: LifeRules): LifeRules {
  const { ttlMs, tagTtlMs, staleWhileRevalidateMs, earlyRefresh, negativeTtlMs, activity, policy } =
    from;
  return {
    ...(ttlMs !== undefined && { ttlMs }),
    ...(tagTtlMs !== undefined && { tagTtlMs }),
    ...(staleWhileRevalidateMs !== undefined && { staleWhileRevalidateMs }),
    ...(earlyRefresh !== undefined && { earlyRefresh }),
    ...(negativeTtlMs !== undefined && { negativeTtlMs }),
    ...(activity !== undefined && { activity }),
    ...(policy !== undefined && { policy }),
  };
}

/** What an answer that is computed now is kept by. */
export interface AnswerLife {
  /** 0: it is not kept. */
  readonly ttlMs: number;
  /** How long it is kept past its life, for who takes it then. */
  readonly staleMs: number;
}

/**
 * The shortest life that the request, one of its tags, the model or its activity says, the default
 * where none of them does, and a day at most, what is kept past it included.
 */
export function lifeOf(
  rules: LifeRules,
  answer: {
    /** Of the request and of the model. */
    readonly tags: readonly string[];
    readonly requestTtlMs: number | undefined;
    /** How often it was asked for lately, this time included; undefined: nobody counted. */
    readonly asks: number | undefined;
  },
  defaults: AnswerLife,
): AnswerLife {
  const { ttlMs, tagTtlMs = {}, staleWhileRevalidateMs = 0, activity } = rules;
  const said: number[] = [];
  if (answer.requestTtlMs !== undefined) said.push(answer.requestTtlMs);
  if (ttlMs !== undefined) said.push(ttlMs);
  for (const tag of answer.tags) {
    if (Object.hasOwn(tagTtlMs, tag)) said.push(tagTtlMs[tag] as number);
  }
  const usualMs = said.length > 0 ? Math.min(...said) : defaults.ttlMs;
  if (activity !== undefined && (answer.asks ?? activity.asks) < activity.asks) {
    return { ttlMs: Math.min(usualMs, activity.inactiveTtlMs, limits.entryTtlMs), staleMs: 0 };
  }
  const livesMs = Math.min(usualMs, limits.entryTtlMs);
  const staleMs = Math.max(staleWhileRevalidateMs, defaults.staleMs);
  return { ttlMs: livesMs, staleMs: Math.min(staleMs, limits.entryTtlMs - livesMs) };
}
