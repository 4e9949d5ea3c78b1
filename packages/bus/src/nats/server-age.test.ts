import { type Log, silentLog } from "@kvring/core";
import { expect, test } from "vitest";
import { isOld, warnOfOldServers } from "./server-age.ts";
import type { Session } from "./session.ts";

test.each([
  ["2.9.10", true],
  ["2.10.27", true],
  ["2.11.0", false],
  ["2.15.1", false],
  ["v2.9.10", true],
  ["1.4.1", true],
  ["3.0.0-RC.1", false],
  ["built by hand", false],
])("%s is old: %s", (version, old) => {
  expect(isOld(version)).toBe(old);
});

/** What was told after connecting to `versions`, one after another. */
function told(versions: readonly string[], replicas: number): unknown[] {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
  const link = {
    onSession(listener: (session: Session) => void) {
      for (const version of versions) listener({ nc: { info: { version } } } as Session);
      return { stop: async () => {} };
    },
  };
  warnOfOldServers({ link, replicas, log });
  return warnings;
}

test("an old cluster is told of once, whichever of its servers is met first", () => {
  expect(told(["2.15.1", "2.9.10", "2.9.10"], 3)).toEqual([{ version: "2.9.10" }]);
});

test("one old server alone has no quorum to lose", () => {
  expect(told(["2.9.10"], 1)).toEqual([]);
});

test("nothing is said of new ones", () => {
  expect(told(["2.15.1", "2.15.1"], 3)).toEqual([]);
});
