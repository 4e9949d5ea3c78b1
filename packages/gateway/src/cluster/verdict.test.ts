import { expect, test } from "vitest";
import type { NodeReport } from "./silence.ts";
import { verdict } from "./verdict.ts";

function says(silent: string[], ring = 5, reached = 2): NodeReport {
  return { ring, reached, silent };
}

test("one node at a time, the first that all agree on", () => {
  const own = says(["a", "b", "c"]);
  expect(verdict({ own, others: [says(["c", "b"])], gateways: 2 })).toBe("b");
});

test("a single gateway decides alone where there is only one", () => {
  expect(verdict({ own: says(["a"]), others: [], gateways: 1 })).toBe("a");
  expect(verdict({ own: says(["a"]), others: [], gateways: 2 })).toBeUndefined();
  expect(verdict({ own: says(["a"]), others: [], gateways: 3 })).toBeUndefined();
});

test.each<[string, NodeReport | undefined]>([
  ["hears it", says([])],
  ["speaks of another ring", says(["a"], 4)],
  ["says nothing", undefined],
])("nobody goes while a gateway %s", (_, other) => {
  const others = [says(["a"]), other];
  expect(verdict({ own: says(["a"]), others, gateways: 3 })).toBeUndefined();
});

test("where nobody hears any node, the fault is ours", () => {
  const [own, other] = [says(["a", "b"], 5, 0), says(["a", "b"], 5, 0)];
  expect(verdict({ own, others: [other], gateways: 2 })).toBeUndefined();
  expect(verdict({ own, others: [says(["a"], 5, 1)], gateways: 2 })).toBe("a");
});
