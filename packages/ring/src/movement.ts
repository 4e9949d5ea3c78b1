import type { Member } from "./descriptor.ts";
import type { Ring } from "./ring.ts";

type Routing = Pick<Ring, "members" | "ownersAtPoint">;

/** What a change of the ring does to the keys, as shares (0…1) of a sample. */
export interface Movement {
  /** Keys that were looked at. */
  readonly sampled: number;
  /** Keys with another primary. From n to n + 1 members about 1/(n + 1). */
  readonly primariesMoved: number;
  /** Keys that moved between members that neither came, left nor changed weight: always 0. */
  readonly movedBetweenUnchanged: number;
  /** Keys that have a new owner among their replicas: somebody must be given their entries. */
  readonly ownersChanged: number;
}

/** Compares two rings at positions, which `evenSample` or `ringPosition` of real keys gives. */
export function movement(
  before: Routing,
  after: Routing,
  sample: Uint32Array,
  replicas: number,
): Movement {
  const unchanged = unchangedIds(before, after);
  let moved = 0;
  let between = 0;
  let changed = 0;
  for (const position of sample) {
    const old = before.ownersAtPoint(position, replicas);
    const now = after.ownersAtPoint(position, replicas);
    if (hasNewcomer(old, now)) changed += 1;
    const from = old[0]?.id;
    const to = now[0]?.id;
    if (from === to) continue;
    moved += 1;
    if (unchanged.has(from) && unchanged.has(to)) between += 1;
  }
  const share = (count: number) => (sample.length === 0 ? 0 : count / sample.length);
  return {
    sampled: sample.length,
    primariesMoved: share(moved),
    movedBetweenUnchanged: share(between),
    ownersChanged: share(changed),
  };
}

/** Positions at equal distances around the ring: less noise than as many random keys. */
export function evenSample(count: number): Uint32Array {
  const step = 2 ** 32 / count;
  return Uint32Array.from({ length: count }, (_, index) => Math.floor((index + 0.5) * step));
}

function unchangedIds(before: Routing, after: Routing): ReadonlySet<string | undefined> {
  const weights = new Map(before.members.map((member) => [member.id, weightOf(member)]));
  const stayed = after.members.filter((member) => weights.get(member.id) === weightOf(member));
  return new Set(stayed.map(({ id }) => id));
}

function weightOf({ weight = 1 }: Member): number {
  return weight;
}

function hasNewcomer(old: readonly Member[], now: readonly Member[]): boolean {
  for (const owner of now) if (!old.some(({ id }) => id === owner.id)) return true;
  return false;
}
