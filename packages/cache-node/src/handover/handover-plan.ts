import type { RingMember, RingRecord } from "@kvring/bus";
import { compileRing, type Ring } from "@kvring/ring";

/**
 * Who gives what to whom when one ring follows another.
 *
 * A key's entry goes to those of its new owners who did not own it before, or who are in a new life
 * and remember nothing. It is given by one: the first of the former owners who stays, in the same
 * life. Nobody relies on who joins, as it may not have been given everything yet, unless nobody else
 * is left; nor on who drains, which goes, but gives all it had besides. Nodes may know different
 * rings last, and then more than one gives: what is there already is refused, and costs little. Pure.
 */
export class HandoverPlan {
  readonly #self: string;
  readonly #replicas: number;
  readonly #before: Ring;
  readonly #after: Ring;
  readonly #members: ReadonlyMap<string, RingMember>;
  /** Those who were not in the ring before, or in another life. */
  readonly #fresh: ReadonlySet<string>;

  constructor(options: {
    readonly self: string;
    readonly replicas: number;
    readonly before: RingRecord;
    readonly after: RingRecord;
  }) {
    const { self, replicas, before, after } = options;
    const lives = new Map(before.members.map(({ id, incarnation }) => [id, incarnation]));
    this.#self = self;
    this.#replicas = replicas;
    this.#before = compileRing(staying(before));
    this.#after = compileRing(staying(after), this.#before);
    this.#members = new Map(after.members.map((member) => [member.id, member]));
    this.#fresh = new Set(
      after.members.flatMap(({ id, incarnation }) => (lives.get(id) === incarnation ? [] : [id])),
    );
  }

  /** Whether nobody owns anything that he did not have before. */
  get isEmpty(): boolean {
    // Who is new himself gives nothing.
    if (this.#fresh.size > 0) return this.#fresh.has(this.#self);
    const names = (ring: Ring): string => ring.members.map(({ id }) => id).join();
    return names(this.#before) === names(this.#after);
  }

  /** Whom this node gives the key's entry to. */
  receivers(key: Uint8Array): readonly RingMember[] {
    const former = this.#before.owners(key, this.#replicas);
    if (!this.#gives(former)) return nobody;
    const receivers: RingMember[] = [];
    for (const { id } of this.#after.owners(key, this.#replicas)) {
      const member = this.#members.get(id);
      if (member === undefined || id === this.#self) continue;
      if (this.#fresh.has(id) || !former.some((owner) => owner.id === id)) receivers.push(member);
    }
    return receivers;
  }

  #gives(former: readonly { readonly id: string }[]): boolean {
    const remaining = former.flatMap(({ id }) => {
      const member = this.#members.get(id);
      return member === undefined || this.#fresh.has(id) ? [] : [member];
    });
    const [self] = remaining.filter(({ id }) => id === this.#self);
    if (self === undefined || self.state === "draining") return self !== undefined;
    const giver =
      remaining.find(({ state }) => state === "active") ??
      remaining.find(({ state }) => state === "joining");
    return giver === self;
  }
}

const nobody: readonly RingMember[] = Object.freeze([]);

/** Who drains owns nothing any more. */
function staying({ version, members }: RingRecord): RingRecord {
  return { version, members: members.filter(({ state }) => state !== "draining") };
}
