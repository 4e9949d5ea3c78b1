import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeToken, encodeToken, natsNames } from "./names.ts";

const text = fc.string({ unit: "binary" });

test("any text becomes one token of a subject, and comes back", () => {
  fc.assert(
    fc.property(text, (original) => {
      const token = encodeToken(original);
      expect(token).toMatch(/^[A-Za-z0-9_=-]+$/);
      expect(decodeToken(token)).toBe(original);
    }),
  );
});

test("keys, ids and record subjects come back from their subjects", () => {
  const names = natsNames("kvring");
  expect(names.stateSubject("catalog/resnet.v2/1")).toBe("$KV.KVRING_STATE.catalog.resnet=2Ev2.1");
  fc.assert(
    fc.property(text, (original) => {
      expect(names.stateKey(names.stateSubject(original))).toBe(original);
      expect(names.presenceId(names.presenceSubject("node", original))).toBe(original);
    }),
  );
  expect(names.logRecord(names.logSubject("hb.gw-1"))).toBe("hb.gw-1");
});

test("namespaces share no stream and no subject", () => {
  const [a, b] = [natsNames("kvring"), natsNames("other")];
  expect(a.logStream).toBe("KVRING_CTL");
  expect(a.jobsStream).toBe("KVRING_JOBS");
  expect(a.stateStream).toBe("KV_KVRING_STATE");
  expect([b.logStream, b.jobsStream, b.stateStream]).toEqual([
    "OTHER_CTL",
    "OTHER_JOBS",
    "KV_OTHER_STATE",
  ]);
  expect(b.courierSubject("gw-1")).toBe("other.courier.gw-1");
  expect(a.courierSubject("gw-1")).toBe("kvring.courier.gw-1");
});
