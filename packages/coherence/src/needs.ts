import type { Need } from "./chores.ts";
import type { Lease } from "./lease.ts";
import { type Life, settlesMs } from "./life.ts";
import type { CoherenceOptions } from "./options.ts";
import type { GatewayId } from "./records.ts";
import type { Member, Roster } from "./roster.ts";
import type { Rules } from "./rules.ts";
import type { Standing } from "./standing.ts";
import { checkTerms, evictAfterMs } from "./terms.ts";

/** What a gateway sees of itself and the others, as far as it has read. */
export interface View {
  readonly options: CoherenceOptions;
  readonly rules: Rules;
  readonly standing: Standing;
  readonly life: Life;
  readonly lease: Lease;
  readonly roster: Roster;
  readonly nowMs: number;
}

/** Records that the log lacks, checkpoints aside. */
export function needsOf(view: View): Need[] {
  const { options, standing, life } = view;
  const gateway = options.id;
  switch (standing.kind) {
    case "outside":
    case "ended":
      return [];
    case "joining":
      return [need("join", { kind: "join", gateway }, standing.rosterAt)];
    case "leaving":
      return [need("leave", { kind: "leave", gateway, epoch: life.epoch }, undefined)];
    case "member":
      return [...termsLacking(view), ...settlementLacking(view), ...burials(view)];
  }
}

/** By now we have read all that was there before we joined: if there were terms, we would know. */
function termsLacking({ options, life }: View): Need[] {
  if (life.terms !== undefined) return [];
  return [need("config", { kind: "config", terms: checkTerms(options.terms) }, 0)];
}

function settlementLacking({ life, rules, nowMs }: View): Need[] {
  if (life.isSettled || life.terms === undefined) return [];
  if (!rules.hasWaited(nowMs, settlesMs(life, life.terms, rules))) return [];
  return [need("settled", { kind: "settled", epoch: life.epoch }, undefined)];
}

/**
 * Gateways that fell silent: first a tombstone, so that no heartbeat can follow, then, once the
 * lease of the last one is over, out of the roster.
 *
 * Silence means something only to who has heard others all the while: after an outage of the log
 * everybody was silent. So our own lease must have been held without a break for as long.
 */
function burials({ options, rules, life, lease, roster, nowMs }: View): Need[] {
  const { terms } = life;
  if (terms === undefined || !rules.isHeld(nowMs, lease.heldUntilMs)) return [];
  const silenceMs = evictAfterMs(terms, options.evictAfterMs);
  const needs: Need[] = [];
  for (const [gateway, member] of roster.entries()) {
    if (gateway === options.id) continue;
    if (member.isTombstoned) {
      const heardMs = member.heardMs ?? Number.NEGATIVE_INFINITY;
      if (!rules.mayRemove(nowMs, heardMs, terms)) continue;
      needs.push(
        need(`leave ${gateway}`, { kind: "leave", gateway, epoch: life.epoch }, undefined),
      );
    } else if (nowMs - silentSinceMs(member, lease) >= silenceMs) {
      needs.push(tombstone(gateway));
    }
  }
  return needs;
}

function silentSinceMs({ heardMs, knownMs }: Member, { sinceMs }: Lease): number {
  return Math.max(sinceMs, heardMs ?? knownMs);
}

/**
 * Without an expectation: what we think is its last heartbeat may have been erased. One that comes
 * after the tombstone is not placed, since it expects another record before it; one that came just
 * before is ended by it, which costs its gateway a new beginning and is wrong for nobody.
 */
function tombstone(gateway: GatewayId): Need {
  return need(`tombstone ${gateway}`, { kind: "tombstone", gateway }, undefined);
}

function need(name: string, record: Need["record"], expectedLast: Need["expectedLast"]): Need {
  return { name, record, expectedLast };
}
