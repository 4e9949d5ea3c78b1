import { silentLog } from "@kvring/core";
import { expect, test } from "vitest";
import type { ModelArtifact } from "../api.ts";
import { AutoThreads, type Tune } from "./auto-threads.ts";

const artifact = (digest: string): ModelArtifact => ({
  ...{ name: "m", version: "1", digest, path: `/${digest}` },
  signature: { inputs: [], outputs: [] },
  config: { tags: [], versions: "all", threads: "auto" },
});

/** Answers the more a second, the more threads, up to `best`. */
function tuning(best: number) {
  const asked: string[] = [];
  const tune: Tune = async (path, plans) => {
    asked.push(`${path} ${plans.map(({ threads }) => threads).join()}`);
    return plans.map((plan) => ({ ...plan, perSecond: Math.min(plan.threads, best), p50Ms: 1 }));
  };
  return { asked, tune };
}

test("as many threads as answer the most, of those that the cores allow", async () => {
  const { asked, tune } = tuning(4);
  const auto = new AutoThreads(silentLog, 16, tune);
  expect(await auto.choose(artifact("a"), 2)).toBe(4);
  expect(await auto.choose(artifact("a"), 1)).toBe(4);
  expect(asked).toEqual(["/a 1,2,4,8", "/a 1,2,4,8,16"]);
});

test("a model is measured once, and none beside another", async () => {
  const { asked, tune } = tuning(2);
  let [running, most] = [0, 0];
  const auto = new AutoThreads(silentLog, 4, async (path, plans) => {
    running += 1;
    most = Math.max(most, running);
    const trials = await tune(path, plans);
    running -= 1;
    return trials;
  });
  const models = ["a", "b", "a", "c"].map((digest) => auto.choose(artifact(digest), 1));
  expect(await Promise.all(models)).toEqual([2, 2, 2, 2]);
  expect(asked).toEqual(["/a 1,2,4", "/b 1,2,4", "/c 1,2,4"]);
  expect(most).toBe(1);
});

test("one thread, unmeasured, where there is nothing to choose from", async () => {
  const { asked, tune } = tuning(8);
  expect(await new AutoThreads(silentLog, 2, tune).choose(artifact("a"), 2)).toBe(1);
  expect(asked).toEqual([]);
});

test("one thread for a model that cannot be measured, and the next is measured", async () => {
  const { tune } = tuning(2);
  const auto = new AutoThreads(silentLog, 2, (path, plans) =>
    path === "/a" ? Promise.reject(new Error("it takes strings")) : tune(path, plans),
  );
  expect(await auto.choose(artifact("a"), 1)).toBe(1);
  expect(await auto.choose(artifact("b"), 1)).toBe(2);
});
