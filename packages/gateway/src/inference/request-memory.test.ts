import { limits } from "@kvring/core";
import { beforeEach, describe, expect, test } from "vitest";
import { born, PathUnderTest, storedEntry } from "./testing/path.ts";

const remembered = { waited: false, stored: true };
const token = Buffer.from("token");

let under: PathUnderTest;

beforeEach(async () => {
  under = await PathUnderTest.start();
});

describe("the memory of a request", () => {
  test("is given back once it was answered from memory", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    expect(under.memory.given).toBe(1);
    expect(under.ask().status).toContain("detail=l1");
    expect(under.memory.given).toBe(2);
  });

  test("stays where the answer may be computed anew from it, or is on its way from it", async () => {
    under = await PathUnderTest.start({}, undefined, { earlyRefresh: 1 });
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.ask();
    const cancelled = under.ask([], { id: "another" });
    cancelled.cancel();
    expect(under.memory.given).toBe(0);
  });

  test("stays when somebody is reading it, though the answer came from memory in the end", () => {
    under.coherence.position = { epoch: born.epoch, sequence: born.sequence + 1 };
    const asked = under.ask([], { id: "x".repeat(limits.inlineBytes) });
    under.primary.asked.onGranted(token);
    const [staged] = under.primary.staged;
    const before = Buffer.from(staged?.input ?? []);
    expect(before.length).toBeGreaterThan(limits.inlineBytes);
    // What was computed for somebody who asked before is not for us any more: we ask again.
    under.coherence.position = { epoch: born.epoch, sequence: born.sequence + 2 };
    under.coherence.invalidated = born.sequence + 2;
    under.primary.asked.onFound(storedEntry(), { waited: true, stored: true });
    expect(asked.responses).toBe(0);
    under.primary.asked.onFound(storedEntry({ sequence: born.sequence + 2 }), remembered);
    expect(asked.status).toContain("detail=node");
    expect(Buffer.compare(before, staged?.input ?? Buffer.alloc(0))).toBe(0);
    expect(under.memory.given).toBe(0);
  });
});
