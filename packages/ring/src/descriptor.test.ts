import { KvringError } from "@kvring/core";
import { describe, expect, test } from "vitest";
import {
  checkDescriptor,
  emptyDescriptor,
  type Member,
  maxMembers,
  withMember,
  withoutMember,
} from "./descriptor.ts";
import { compileRing } from "./ring.ts";

const node: Member = { id: "node-1", address: "10.0.0.1:8101", zone: "a" };

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(KvringError);
    return (error as KvringError).reason;
  }
  return "none";
}

describe("changes", () => {
  test("each makes a descriptor of the next version and leaves the old one alone", () => {
    const one = withMember(emptyDescriptor, node);
    const two = withMember(one, { ...node, id: "node-2", weight: 2 });
    const back = withoutMember(two, "node-2");
    expect([one.version, two.version, back.version]).toEqual([1, 2, 3]);
    expect([emptyDescriptor, one, two, back].map(({ members }) => members.length)).toEqual([
      0, 1, 2, 1,
    ]);
    expect(back.members).toEqual([node]);
  });

  test("removing who is not there changes nothing", () => {
    const one = withMember(emptyDescriptor, node);
    expect(withoutMember(one, "node-9")).toBe(one);
  });

  test("an id is taken once", () => {
    const one = withMember(emptyDescriptor, node);
    expect(reasonOf(() => withMember(one, { ...node, address: "h:2" }))).toBe("DUPLICATE_NODE");
  });
});

describe("what can be in a ring", () => {
  test.each(["a", "node-2", "a_", "0", "42", "constructor", "x".repeat(64)])(
    "an id %s, with points of its own",
    (id) => {
      const members = [node, { ...node, id }];
      expect(compileRing({ version: 1, members }).pointCount).toBe(2 * 640);
    },
  );
});

describe("what cannot be in a ring", () => {
  const badMembers: [string, Member][] = [
    ["no id", { ...node, id: "" }],
    ["an IPv6 address as id", { ...node, id: "::1" }],
    ["an id with a port", { ...node, id: "host:8101" }],
    ["the name of a prototype", { ...node, id: "__proto__" }],
    ["a space", { ...node, id: "node 1" }],
    ["a dot", { ...node, id: "node.1" }],
    ["a long id", { ...node, id: "x".repeat(65) }],
    ["no address", { ...node, address: "" }],
    ["a long address", { ...node, address: "x".repeat(257) }],
    ["a long zone", { ...node, zone: "x".repeat(257) }],
    ["weight 0", { ...node, weight: 0 }],
    // hashring falls back to its rounding at one vnode: 0.1 is far from that.
    ["a small weight", { ...node, weight: 0.0999 }],
    ["a large weight", { ...node, weight: 10.1 }],
    ["a weight that is none", { ...node, weight: Number.NaN }],
  ];
  test.each(badMembers)("%s", (_, member) => {
    expect(reasonOf(() => checkDescriptor({ version: 1, members: [member] }))).toBe("BAD_CONFIG");
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])("version %d", (version) => {
    expect(reasonOf(() => checkDescriptor({ version, members: [] }))).toBe("BAD_CONFIG");
  });

  test("too many members", () => {
    const members = Array.from({ length: maxMembers + 1 }, (_, at) => ({ ...node, id: `n${at}` }));
    expect(reasonOf(() => checkDescriptor({ version: 1, members }))).toBe("BAD_CONFIG");
    const most = { version: 1, members: members.slice(1) };
    expect(checkDescriptor(most)).toBe(most);
  });
});
