import { KvringError } from "@kvring/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkDescriptor,
  emptyDescriptor,
  type Member,
  maxMembers,
  type RingDescriptor,
  withMember,
  withoutMember,
} from "./descriptor.ts";
import { decodeDescriptor, encodeDescriptor } from "./descriptor-codec.ts";

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

describe("what cannot be in a ring", () => {
  const badMembers: [string, Member][] = [
    ["no id", { ...node, id: "" }],
    ["an IPv6 address as id", { ...node, id: "::1" }],
    ["an id with a port", { ...node, id: "host:8101" }],
    ["the name of a prototype", { ...node, id: "__proto__" }],
    ["a space", { ...node, id: "node 1" }],
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

describe("the form in the registry", () => {
  const text = fc.string({ minLength: 1, maxLength: 20 });
  const members = fc.uniqueArray(
    fc.record(
      {
        id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/),
        address: text,
        zone: text,
        weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
      },
      { requiredKeys: ["id", "address", "zone"] },
    ),
    { selector: ({ id }) => id, maxLength: 5 },
  );

  test("brings back what was written", () => {
    fc.assert(
      fc.property(fc.nat(), members, (version, list) => {
        const descriptor = { version, members: list } as RingDescriptor;
        expect(decodeDescriptor(encodeDescriptor(descriptor))).toEqual(descriptor);
      }),
    );
  });

  test("is frozen when read, and leaves out what is not known", () => {
    const bytes = Buffer.from('{"version":1,"color":"red","members":[]}');
    const descriptor = decodeDescriptor(bytes);
    expect(descriptor).toEqual({ version: 1, members: [] });
    expect(Object.isFrozen(descriptor) && Object.isFrozen(descriptor.members)).toBe(true);
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    "7",
    "{}",
    '{"version":"1","members":[]}',
    '{"version":1,"members":{}}',
    '{"version":1,"members":[null]}',
    '{"version":1,"members":[{"id":"a","address":"h:1"}]}',
    '{"version":1,"members":[{"id":"a","address":"h:1","zone":"","weight":"2"}]}',
  ])("refuses %s", (json) => {
    expect(reasonOf(() => decodeDescriptor(Buffer.from(json)))).toBe("MESSAGE_MALFORMED");
  });

  test.each([
    ['{"version":1,"members":[{"id":"::1","address":"h:1","zone":""}]}', "BAD_CONFIG"],
    [
      '{"version":1,"members":[{"id":"a","address":"h","zone":""},{"id":"a","address":"h","zone":""}]}',
      "DUPLICATE_NODE",
    ],
  ])("refuses %s", (json, reason) => {
    expect(reasonOf(() => decodeDescriptor(Buffer.from(json)))).toBe(reason);
  });
});
