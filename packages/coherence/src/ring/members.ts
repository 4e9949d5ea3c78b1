/** A node's part in the ring. */
export interface RingMember {
  readonly id: string;
  readonly state: MemberState;
}

export type MemberState =
  | "active"
  /** It owns its keys, but the previous owners still have most of the entries. */
  | "joining"
  /** It owns nothing any more, and is still asked for what it has. */
  | "draining";

export interface RingMembers<Member extends RingMember = RingMember> {
  /** Grows by one with every change. */
  readonly version: number;
  readonly members: readonly Member[];
}

/** Who owns keys from now on: where entries are looked for first, and where fills go. */
export function owning<Member extends RingMember>(members: readonly Member[]): Member[] {
  const staying = members.filter(({ state }) => state !== "draining");
  // A node that drains with nobody to take over is better than none.
  return staying.length > 0 ? staying : [...members];
}

/** Who owned keys before the changes under way: where entries may still be. */
export function owningBefore<Member extends RingMember>(members: readonly Member[]): Member[] {
  return members.filter(({ state }) => state !== "joining");
}

/** Whether owners before and now differ, so that both have to be compiled and asked. */
export function isMoving(members: readonly RingMember[]): boolean {
  return members.some(({ state }) => state !== "active");
}

export type MemberChange<Member extends RingMember> =
  /** Enters a node as `joining`. One that is in already stays as it is. */
  | { readonly kind: "join"; readonly member: Member }
  /** It has warmed up: the previous owners are asked no more. */
  | { readonly kind: "activate"; readonly id: string }
  | { readonly kind: "drain"; readonly id: string }
  /** It is out: drained, or taken for dead. */
  | { readonly kind: "remove"; readonly id: string };

/** The ring after a change; the same object when there is nothing to change. */
export function changeMembers<Member extends RingMember>(
  ring: RingMembers<Member>,
  change: MemberChange<Member>,
): RingMembers<Member> {
  const members = changed(ring.members, change);
  return members === undefined ? ring : { version: ring.version + 1, members };
}

function changed<Member extends RingMember>(
  members: readonly Member[],
  change: MemberChange<Member>,
): readonly Member[] | undefined {
  switch (change.kind) {
    case "join": {
      const { member } = change;
      if (members.some(({ id }) => id === member.id)) return undefined;
      // Into an empty ring there is nobody to take over from.
      const state = members.length === 0 ? "active" : "joining";
      return [...members, { ...member, state }];
    }
    case "activate":
      return withState(members, change.id, ["joining"], "active");
    case "drain":
      return withState(members, change.id, ["active", "joining"], "draining");
    case "remove": {
      const others = members.filter(({ id }) => id !== change.id);
      return others.length === members.length ? undefined : others;
    }
  }
}

function withState<Member extends RingMember>(
  members: readonly Member[],
  id: string,
  from: readonly MemberState[],
  to: MemberState,
): readonly Member[] | undefined {
  const isDue = members.some((member) => member.id === id && from.includes(member.state));
  if (!isDue) return undefined;
  return members.map((member) => (member.id === id ? { ...member, state: to } : member));
}
