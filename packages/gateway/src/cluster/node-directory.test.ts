import { createHash } from "node:crypto";
import { createInProcessBus, joinRing, type RingMember } from "@kvring/bus";
import { silentLog, systemClock } from "@kvring/core";
import { compileRing } from "@kvring/ring";
import { expect, test, vi } from "vitest";
import { ScriptedLink } from "../inference/testing/scripted-link.ts";
import { NodeDirectory } from "./node-directory.ts";

const member = (id: string, state: RingMember["state"]): RingMember => ({
  ...{ id, state, zone: "", incarnation: `${id}-a` },
  address: `${id}:8101`,
});
const keys = Array.from({ length: 100 }, (_, index) =>
  createHash("sha256").update(`${index}`).digest(),
);

test("who held a key before is asked as long as none of its owners, who all joined, is reached", async () => {
  const bus = createInProcessBus();
  const links = new Map<string, ScriptedLink>();
  const nodes = new NodeDirectory({
    ...{ peerId: "g", log: silentLog, clock: systemClock, replicas: 2 },
    connect({ id }) {
      const link = new ScriptedLink(id);
      link.state = id.startsWith("old") ? "up" : "connecting";
      links.set(id, link);
      return link;
    },
  });
  await nodes.follow(bus.registry);
  const members = [
    ...["old-1", "old-2"].map((id) => member(id, "active")),
    ...["new-1", "new-2"].map((id) => member(id, "joining")),
  ];
  for (const one of members) await joinRing(bus.registry, one);
  await vi.waitFor(() => expect(nodes.ringVersion).toBe(members.length));
  const ring = compileRing({ version: 1, members });
  const owned = (key: Buffer) => ring.owners(key, 2).map(({ id }) => id);
  const asked = (key: Buffer) => nodes.owners(key, 2).map(({ nodeId }) => nodeId);
  const moved = keys.filter((key) => owned(key).every((id) => id.startsWith("new")));
  expect(moved.length).toBeGreaterThan(0);
  for (const key of keys) {
    if (moved.includes(key)) expect(asked(key).sort()).toEqual(["old-1", "old-2"]);
    else expect(asked(key)).toEqual(owned(key));
  }
  for (const link of links.values()) link.state = "up";
  for (const key of keys) expect(asked(key)).toEqual(owned(key));
  for (const link of links.values()) link.state = "connecting";
  await nodes.stop();
  await bus.close();
});
