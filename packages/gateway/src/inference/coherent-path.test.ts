import type { Parameter } from "@kvring/core";
import { beforeEach, describe, expect, test } from "vitest";
import { defaultGatewayOptions } from "../options.ts";
import { born, PathUnderTest, storedEntry } from "./testing/path.ts";

const control = (value: string): Parameter[] => [{ name: "cache_control", kind: "string", value }];
const remembered = { waited: false, stored: true };
const computed = { waited: true, stored: true };

let under: PathUnderTest;

beforeEach(async () => {
  under = await PathUnderTest.start();
});

describe("invalidated", () => {
  test("near: it is dropped, and the owners are asked for something newer", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.coherence.invalidated = born.sequence + 1;
    const asked = under.ask();
    expect(asked.responses).toBe(0);
    expect(under.primary.asked.request.minBorn.sequence).toBe(born.sequence + 1);
    expect(under.nearCache.size).toBe(0);
  });

  test("while we waited for somebody else's computation: we ask again, admitted anew", () => {
    under.coherence.position = { epoch: born.epoch, sequence: born.sequence + 1 };
    const asked = under.ask();
    under.coherence.position = { epoch: born.epoch, sequence: born.sequence + 2 };
    under.coherence.invalidated = born.sequence + 2;
    under.primary.asked.onFound(storedEntry(), computed);
    expect(asked.responses).toBe(0);
    expect(under.primary.asked.request.minBorn.sequence).toBe(born.sequence + 2);
    under.primary.asked.onGranted(Buffer.from("token"));
    asked.cancel();
  });

  test("while it was computed for us: it may be given to us, and to nobody later", () => {
    const asked = under.ask();
    under.primary.asked.onGranted(Buffer.from("token"));
    under.coherence.invalidated = born.sequence + 5;
    under.primary.asked.onFound(storedEntry(), { waited: false, stored: true });
    expect(asked).toMatchObject({ responses: 1, status: "kvring; fwd=miss; stored" });
    const next = under.ask();
    expect(next.responses).toBe(0);
  });
});

describe("without a lease", () => {
  test("a request waits a little, and goes on when the lease is back", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.coherence.isLeased = false;
    const asked = under.ask();
    expect(asked.responses).toBe(0);
    under.coherence.lease();
    expect(asked).toMatchObject({ responses: 1, status: "kvring; hit; ttl=60; detail=l1" });
    under.clock.advance(2 * defaultGatewayOptions.leaseWaitMs);
    expect(asked.responses).toBe(1);
  });

  test("stale-if-error is given what was current when the lease began, and is told so", () => {
    under.ask();
    under.primary.asked.onFound(storedEntry(), remembered);
    under.coherence.isLeased = false;
    under.coherence.leaseAge = 20_000;
    const strict = under.ask(control("stale-if-error=19"));
    const relaxed = under.ask(control("stale-if-error=30"));
    under.clock.advance(defaultGatewayOptions.leaseWaitMs);
    expect(strict.error?.reason).toBe("BUS_UNAVAILABLE");
    expect(relaxed.status).toBe("kvring; hit; ttl=-20; detail=stale");
    expect(under.metrics.totals()).toMatchObject({ stale: 1, error: 1 });
  });

  test("stale-if-error reads from the nodes, takes no token, and never what is known to be stale", () => {
    under.coherence.isLeased = false;
    const known = under.ask(control("stale-if-error=30"));
    under.clock.advance(defaultGatewayOptions.leaseWaitMs);
    expect(under.primary.asked.request.waitMs).toBe(0);
    under.coherence.invalidated = born.sequence + 1;
    under.primary.asked.onFound(storedEntry(), remembered);
    expect(known.error?.reason).toBe("BUS_UNAVAILABLE");
  });
});
