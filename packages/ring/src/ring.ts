import assert from "node:assert";
import { type Continuum, find, layOut } from "./continuum.ts";
import type { Member, RingDescriptor } from "./descriptor.ts";

/**
 * Compiles a descriptor. `before`, a ring compiled earlier, spares hashing members that both have.
 * Throws BAD_CONFIG or DUPLICATE_NODE.
 */
export function compileRing(descriptor: RingDescriptor, before?: Ring): Ring {
  return new Ring(descriptor, before);
}

/**
 * Where a request key lies on the ring: its first four bytes as a little-endian number, which is
 * how hashring reads the MD5 of a text. A request key is a SHA-256 already and needs no other hash.
 */
export function ringPosition(key: Uint8Array): number {
  assert(key.byteLength === 32, "a request key has 32 bytes");
  const low = (key[0] as number) | ((key[1] as number) << 8);
  return (low | ((key[2] as number) << 16) | ((key[3] as number) << 24)) >>> 0;
}

/** Above this, owners are walked for each time: remembering them would take 60 bytes a point. */
const rememberedPoints = 131_072;

/** Beyond this a key is not replicated, whatever is asked for: rows of owners are kept per count. */
const maxReplicas = 16;

/** A descriptor made fast to ask. Immutable to the eye: it remembers answers. */
export class Ring {
  readonly version: number;
  /** By id. */
  readonly members: readonly Member[];
  /** How many different ones the members are in. */
  readonly zones: number;
  readonly #continuum: Continuum;
  /** [replicas][index of the point] → owners, as far as somebody asked. */
  readonly #remembered: (readonly Member[])[][] = [];

  constructor(descriptor: RingDescriptor, before?: Ring) {
    this.#continuum = layOut(descriptor, before === undefined ? undefined : before.#continuum);
    this.version = descriptor.version;
    this.members = Object.freeze(this.#continuum.members);
    this.zones = new Set(this.members.map(({ zone }) => zone)).size;
  }

  /** 640 for each member of weight 1. */
  get pointCount(): number {
    return this.#continuum.points.length;
  }

  /**
   * The nodes that hold a key, the primary first: walking clockwise from the key, each node whose
   * zone is not taken yet; once all zones are, the nodes passed over, in the order they were met.
   * As many as `replicas` and the members allow; none in an empty ring. The list is shared: it is
   * frozen, and equal keys may be given the same one.
   */
  owners(key: Uint8Array, replicas: number): readonly Member[] {
    return this.ownersAtPoint(ringPosition(key), replicas);
  }

  /** The first of the owners, whatever their number. */
  primary(key: Uint8Array): Member | undefined {
    return this.ownerAtPoint(ringPosition(key));
  }

  /** `owners` of a position from 0 to 2³² − 1. */
  ownersAtPoint(position: number, replicas: number): readonly Member[] {
    assert(replicas >= 1 && replicas <= maxReplicas, tooManyOwners);
    if (this.members.length === 0) return nobody;
    const at = find(this.#continuum, position);
    if (this.pointCount > rememberedPoints) return this.#walk(at, replicas);
    this.#remembered[replicas] ??= new Array(this.pointCount);
    const row = this.#remembered[replicas];
    const known = row[at];
    if (known !== undefined) return known;
    const owners = Object.freeze(this.#walk(at, replicas));
    row[at] = owners;
    return owners;
  }

  /** What hashring answers for a text whose hash is `position`. */
  ownerAtPoint(position: number): Member | undefined {
    if (this.members.length === 0) return undefined;
    return this.members[this.#continuum.owners[find(this.#continuum, position)] as number];
  }

  #walk(from: number, replicas: number): Member[] {
    const { owners } = this.#continuum;
    const count = Math.min(replicas, this.members.length);
    const spread = Math.min(count, this.zones);
    const chosen: Member[] = [];
    const passedOver: Member[] = [];
    // Ends: every member has a point, so a full circle meets every zone and every member.
    for (let at = from; chosen.length < spread || chosen.length + passedOver.length < count; ) {
      const member = this.members[owners[at] as number] as Member;
      if (!hasZone(chosen, member.zone)) chosen.push(member);
      else if (passedOver.length < count - spread) addOnce(passedOver, member, chosen);
      at = at + 1 === owners.length ? 0 : at + 1;
    }
    for (const member of passedOver) chosen.push(member);
    return chosen;
  }
}

const tooManyOwners = `a key has from 1 to ${maxReplicas} owners`;
const nobody: readonly Member[] = Object.freeze([]);

function hasZone(members: readonly Member[], zone: string): boolean {
  for (const member of members) if (member.zone === zone) return true;
  return false;
}

function addOnce(list: Member[], member: Member, others: readonly Member[]): void {
  if (!list.includes(member) && !others.includes(member)) list.push(member);
}
