import type { RingRecord } from "@kvring/bus";
import type { RequestKey } from "@kvring/core";
import { compileRing, type Member, type Ring } from "@kvring/ring";

/**
 * Who is asked for a key, and who held it before.
 *
 * While somebody joins or drains there are two rings: the one that keys are moving to, with those
 * who join and without those who drain, and the one that they come from. Otherwise both are one.
 */
export class Routes {
  readonly record: RingRecord;
  readonly current: Ring;
  readonly #former: Ring;

  /** `before`, routes compiled earlier, spares work. */
  constructor(record: RingRecord, before?: Routes) {
    this.record = record;
    this.current = compileRing(without(record, "draining"), before?.current);
    const isMoving = record.members.some(({ state }) => state !== "active");
    this.#former = isMoving ? compileRing(without(record, "joining"), this.current) : this.current;
  }

  /** Those of the former owners who may still have it, the former primary first. */
  formerOwners(key: RequestKey, replicas: number): readonly Member[] {
    if (this.#former === this.current) return nobody;
    const primary = this.current.primary(key);
    const former = this.#former.owners(key, replicas);
    if (former[0]?.id === primary?.id) return nobody;
    return former.filter(({ id }) => id !== primary?.id);
  }
}

const nobody: readonly Member[] = Object.freeze([]);

/** Where that leaves nobody, all: who is on the way still has what it has. */
function without({ version, members }: RingRecord, state: "joining" | "draining"): RingRecord {
  const others = members.filter((member) => member.state !== state);
  return { version, members: others.length > 0 ? others : members };
}
