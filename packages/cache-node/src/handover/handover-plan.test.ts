import { createHash } from "node:crypto";
import type { RingMember, RingRecord } from "@kvring/bus";
import { compileRing } from "@kvring/ring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HandoverPlan } from "./handover-plan.ts";

type Life = Pick<RingMember, "id" | "incarnation" | "state">;
const ids = ["n1", "n2", "n3", "n4"];
const replicas = 2;

const life = (id: string): fc.Arbitrary<Life> =>
  fc.record({
    id: fc.constant(id),
    incarnation: fc.constantFrom("a", "b").map((name) => `${id}-${name}`),
    state: fc.constantFrom("active" as const, "joining" as const, "draining" as const),
  });

const lives = fc
  .tuple(...ids.map((id) => fc.option(life(id), { nil: undefined })))
  .map((members) => members.flatMap((member) => member ?? []));

function ringOf(version: number, members: readonly Life[]): RingRecord {
  const rest = ({ id }: Life) => ({ address: `${id}:1`, zone: "z" });
  return { version, members: members.map((member) => ({ ...member, ...rest(member) })) };
}

function ownersIn(ring: RingRecord): (key: Uint8Array) => string[] {
  const members = ring.members.filter(({ state }) => state !== "draining");
  const compiled = compileRing({ version: ring.version, members });
  return (key) => compiled.owners(key, replicas).map(({ id }) => id);
}

const keys = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
  minLength: 10,
  maxLength: 20,
});

test("whoever owns a key afterwards and lacks it is given it by one who has it and stays, and by who drains", () => {
  fc.assert(
    fc.property(lives, lives, keys, (first, second, some) => {
      const [before, after] = [ringOf(1, first), ringOf(2, second)];
      const [formerOwners, newOwners] = [ownersIn(before), ownersIn(after)];
      const plans = ids.map((self) => ({
        self,
        plan: new HandoverPlan({ self, replicas, before, after }),
      }));
      const lived = after.members.filter(({ id, incarnation }) =>
        before.members.some((member) => member.id === id && member.incarnation === incarnation),
      );
      for (const key of some) {
        const holders = formerOwners(key).filter((id) => lived.some((member) => member.id === id));
        const given = plans.flatMap(({ self, plan }) => {
          const receivers = plan.receivers(key);
          if (plan.isEmpty) expect(receivers).toEqual([]);
          return receivers.map(({ id }) => ({ from: self, to: id }));
        });
        const lacking = newOwners(key).filter((id) => !holders.includes(id));
        const isIn = (state: Life["state"]) => (id: string) =>
          lived.some((member) => member.id === id && member.state === state);
        const relied = holders.find(isIn("active")) ?? holders.find(isIn("joining"));
        const draining = holders.filter(isIn("draining"));
        const givers = ids.filter((id) => id === relied || draining.includes(id));
        expect(given).toEqual(givers.flatMap((from) => lacking.map((to) => ({ from, to }))));
      }
    }),
    { numRuns: 30 },
  );
});

test("what somebody had who drains is given to who joins meanwhile, whichever ring each knew last", () => {
  const member = (id: string, state: Life["state"] = "active"): Life => ({
    ...{ id, state },
    incarnation: `${id}-a`,
  });
  const all = ringOf(1, [member("n1"), member("n2"), member("n3")]);
  const drained = ringOf(2, [member("n1"), member("n2"), member("n3", "draining")]);
  const joined = ringOf(3, [...drained.members, member("n4", "joining")]);
  const [formerOwners, newOwners] = [ownersIn(all), ownersIn(joined)];
  const plan = (self: string, before: RingRecord) =>
    new HandoverPlan({ self, replicas, before, after: joined });
  // The one that drains has settled the ring in which it does; the others have not.
  const plans = [plan("n1", all), plan("n2", all), plan("n3", drained)];
  for (let number = 0; number < 200; number += 1) {
    const key = new Uint8Array(createHash("sha256").update(String(number)).digest());
    const given = plans.flatMap((one) => one.receivers(key).map(({ id }) => id));
    for (const id of newOwners(key)) {
      if (!formerOwners(key).includes(id)) expect(given).toContain(id);
    }
  }
});
