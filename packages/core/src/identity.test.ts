import { expect, test } from "vitest";
import { checkNodeId, newIncarnation } from "./identity.ts";

test.each(["node-1", "a", "Node_7", "7", "x".repeat(64)])("%s is a node id", (id) => {
  expect(checkNodeId(id)).toBe(id);
});

test.each([
  "",
  "10.0.0.1:8101",
  "node 1",
  "node.1",
  "nöde",
  "node-1\n",
  "-",
  "__proto__",
  "x".repeat(65),
])("%j is not a node id", (id) => {
  expect(() => checkNodeId(id)).toThrow(expect.objectContaining({ reason: "BAD_CONFIG" }));
  expect(() => checkNodeId(id)).toThrow('as in "node-1"');
});

test("every life of a process is another one, and may be part of an id", () => {
  const lives = Array.from({ length: 100 }, newIncarnation);
  expect(new Set(lives).size).toBe(100);
  for (const life of lives) {
    expect(life).toMatch(/^[0-9a-f]{32}$/);
    expect(checkNodeId(`gateway-${life}`)).toBe(`gateway-${life}`);
  }
});
