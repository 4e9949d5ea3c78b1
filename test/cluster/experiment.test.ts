/** The experiment on a few digits: NATS, gateway, node, worker and ONNX sessions are the real ones. */
import { conduct } from "@kvring/bench/experiment";
import { expect, test } from "vitest";

test("one request at a time, a node hits exactly what its policy hits by itself", async () => {
  const [outcome] = await conduct({
    choices: [{ model: "mnist", law: "zipf-1.0", policy: "lru", share: 0.5 }],
    ...{ items: 40, seed: 1 },
    effort: {
      ...{ hitError: 0.05, leastCounted: 100, unpredicted: 100 },
      ...{ timeError: 0.5, leastTimed: 50, lanes: 1 },
    },
  });
  expect(outcome?.plan.capacityEntries).toBe(20);
  expect(outcome?.measured).toMatchObject({
    ...{ hitRatio: outcome?.plan.twinHitRatio, collapsed: 0, requests: 150 },
    // As many entries as planned, in all of the node's memory.
    ...{ entries: 20, utilisation: 1 },
    ...{ different: 0, accuracy: outcome?.measured.accuracyUncached },
  });
  expect(outcome?.measured.hitRatio).toBeGreaterThan(0.2);
});
