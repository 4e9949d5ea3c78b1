import { afterEach, describe, expect, test, vi } from "vitest";
import { NodeLinks } from "./node-links.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

afterEach(() => {
  vi.useRealTimers();
});

function linksOf(most: number, state: "up" | "connecting" = "up") {
  const made: ScriptedNode[] = [];
  const links = new NodeLinks(({ nodeId }) => {
    const node = new ScriptedNode(nodeId, state);
    made.push(node);
    return node;
  }, most);
  return { links, made };
}

const owner = (nodeId: string, address = `${nodeId}:8101`) => ({ nodeId, address });
const names = (made: readonly ScriptedNode[]) => made.map(({ nodeId }) => nodeId);

describe("links to nodes", () => {
  test("are made when first needed, and kept", async () => {
    const { links, made } = linksOf(4);
    const first = await links.reach(owner("n1"));
    expect(await links.reach(owner("n1"))).toBe(first);
    expect(await links.reach(owner("n1", "elsewhere:8101"))).not.toBe(first);
    expect(names(made)).toEqual(["n1", "n1"]);
  });

  test("are bounded: the one used longest ago is closed", async () => {
    const { links, made } = linksOf(2);
    for (const id of ["n1", "n2", "n1", "n3"]) await links.reach(owner(id));
    expect(made.map(({ nodeId, closed }) => [nodeId, closed])).toEqual([
      ["n1", false],
      ["n2", true],
      ["n3", false],
    ]);
    await links.reach(owner("n2"));
    expect(names(made)).toEqual(["n1", "n2", "n3", "n2"]);
  });

  test("are waited for until they are up", async () => {
    const { links, made } = linksOf(2, "connecting");
    const reached = links.reach(owner("n1"));
    const [node] = made;
    node?.become("connecting");
    node?.become("up");
    expect(await reached).toBe(node);
    expect(node?.listeners).toBe(0);
  });

  test("are given up after a second, leaving nothing behind", async () => {
    vi.useFakeTimers();
    const { links, made } = linksOf(2, "connecting");
    const reached = expect(links.reach(owner("n1"))).rejects.toMatchObject({
      reason: "LINK_LOST",
      message: "node n1 at n1:8101 is not there",
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await reached;
    expect(made[0]?.listeners).toBe(0);
  });

  test("that were given up are not waited for again until they are back", async () => {
    vi.useFakeTimers();
    const { links, made } = linksOf(2, "connecting");
    const first = expect(links.reach(owner("n1"))).rejects.toThrow("not there");
    await vi.advanceTimersByTimeAsync(1_000);
    await first;
    // Time stands still, and yet they hear of it.
    await expect(links.reach(owner("n1"))).rejects.toMatchObject({ reason: "LINK_LOST" });
    made[0]?.become("up");
    expect(await links.reach(owner("n1"))).toBe(made[0]);
    made[0]?.become("connecting");
    const again = links.reach(owner("n1"));
    made[0]?.become("up");
    expect(await again).toBe(made[0]);
  });

  test("are all closed in the end", async () => {
    const { links, made } = linksOf(4);
    for (const id of ["n1", "n2"]) await links.reach(owner(id));
    await links.close();
    expect(made.every(({ closed }) => closed)).toBe(true);
  });
});
