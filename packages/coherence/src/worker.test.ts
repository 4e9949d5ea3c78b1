import { expect, test } from "vitest";
import { verdict } from "./worker.ts";

const born = { epoch: 2, sequence: 10 };

test.each([
  [{ epoch: 2, sequence: 10 }, true, "compute"],
  [{ epoch: 2, sequence: 11 }, true, "compute"],
  [{ epoch: 2, sequence: 9 }, true, "wait"],
  [{ epoch: 1, sequence: 99 }, true, "wait"],
  [{ epoch: 2, sequence: 11 }, false, "refuse"],
] as const)(
  "at %o, holding the artifact: %s, a worker decides to %s",
  (applied, holds, decision) => {
    expect(verdict({ born, holdsArtifact: holds }, applied)).toBe(decision);
  },
);
