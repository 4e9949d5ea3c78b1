import { checkNodeId, KvringError } from "@kvring/core";

/** A cache node as the ring sees it. */
export interface Member {
  /** Opaque, and what the member's points are computed from: it survives a new address. */
  readonly id: string;
  /** host:port; IPv6 in brackets. The ring does not look at it. */
  readonly address: string;
  /** What fails together: owners of a key lie in different zones where there are several. */
  readonly zone: string;
  /** The member's share of the keys beside a member of weight 1. Default 1, see `weightRange`. */
  readonly weight?: number;
}

/** Who is in the ring. Never changed: a change of membership is another descriptor. */
export interface RingDescriptor {
  /** Grows with every change. */
  readonly version: number;
  readonly members: readonly Member[];
}

/** A weight below makes the shares too uneven, one above makes rings too large. */
export const weightRange = Object.freeze({ least: 0.1, most: 10 });

/** Of weight 1 they have 2.6 million points, which take 20 MB. */
export const maxMembers = 4_096;

export const emptyDescriptor: RingDescriptor = Object.freeze({ version: 0, members: [] });

const maxNameLength = 256;

/** The descriptor with one more member. Throws DUPLICATE_NODE when the id is taken. */
export function withMember(descriptor: RingDescriptor, member: Member): RingDescriptor {
  const { version, members } = descriptor;
  return checkDescriptor({ version: version + 1, members: [...members, member] });
}

/** The descriptor without a member; the same descriptor when it has no such member. */
export function withoutMember(descriptor: RingDescriptor, id: string): RingDescriptor {
  const members = descriptor.members.filter((member) => member.id !== id);
  if (members.length === descriptor.members.length) return descriptor;
  return { version: descriptor.version + 1, members };
}

/** The descriptor itself, or BAD_CONFIG or DUPLICATE_NODE with what would be right. */
export function checkDescriptor(descriptor: RingDescriptor): RingDescriptor {
  const { version, members } = descriptor;
  if (!Number.isSafeInteger(version) || version < 0) {
    throw refused(`its version is ${version}, and must be a whole number from 0`);
  }
  if (members.length > maxMembers) {
    throw refused(`it has ${members.length} members, and at most ${maxMembers} are possible`);
  }
  const ids = new Set<string>();
  for (const member of members) {
    checkMember(member);
    if (ids.has(member.id)) {
      throw new KvringError(
        "DUPLICATE_NODE",
        `two members of the ring are called "${member.id}": give each node its own id`,
      );
    }
    ids.add(member.id);
  }
  return descriptor;
}

function checkMember({ id, address, zone, weight = 1 }: Member): void {
  // hashring splits ids at ":", and keeps them as names of properties: a member "__proto__" would
  // have no points. The rule for ids allows neither.
  checkNodeId(id);
  if (address === "" || address.length > maxNameLength) {
    throw refused(`the address of "${id}" must be host:port, of at most ${maxNameLength} letters`);
  }
  if (zone.length > maxNameLength) {
    throw refused(`the zone of "${id}" must have at most ${maxNameLength} letters`);
  }
  if (!(weight >= weightRange.least && weight <= weightRange.most)) {
    throw refused(
      `the weight of "${id}" is ${weight}, and must be from ${weightRange.least} to ${weightRange.most}`,
    );
  }
}

function refused(why: string): KvringError {
  return new KvringError("BAD_CONFIG", `the ring cannot be built: ${why}`);
}
