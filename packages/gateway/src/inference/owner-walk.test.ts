import { KvringError, ManualClock, type Reason } from "@kvring/core";
import { describe, expect, test } from "vitest";
import { Hedging } from "../hedging/hedging.ts";
import { OwnerWalk, type WalkOptions } from "./owner-walk.ts";
import { ScriptedLink } from "./testing/scripted-link.ts";

const hedgeMs = 100;
const stallMs = 1_000;
const key = new Uint8Array(32);
const request = { key, tenant: "", minBorn: { epoch: 3, sequence: 0 }, maxAgeMs: undefined };
const stored = { waited: false, stored: true };
const entry = Buffer.from("entry");

function error(reason: Reason): KvringError {
  return new KvringError(reason, `it said ${reason}`);
}

/** A walk along three owners, and what its listener heard. */
function walkAlong(options: Partial<WalkOptions> = {}) {
  const clock = new ManualClock();
  const links = ["n1", "n2", "n3"].map((id) => new ScriptedLink(id));
  const heard: string[] = [];
  const hedging = new Hedging({ leastMs: 2, mostMs: hedgeMs, share: 0.1 });
  const walk = new OwnerWalk(
    links,
    request,
    { clock, untilMs: 60_000, hedging, stallMs, wait: true, ...options },
    {
      onGranted: (link, token) => heard.push(`granted ${token} by ${link.nodeId}`),
      onFound: (found, { waited }) => heard.push(`found ${found}${waited ? " waited" : ""}`),
      onMissing: () => heard.push("missing"),
      onFailed: ({ reason }) => heard.push(`failed ${reason}`),
      onUnreachable: () => heard.push("unreachable"),
    },
  );
  const [first, second, third] = links;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  return { clock, walk, heard, links, first, second, third, hedging };
}

const asked = (links: readonly ScriptedLink[]) => links.map(({ lookups }) => lookups.length);

describe("the primary", () => {
  test("is asked first, and its answer is the answer", () => {
    const { walk, heard, links, first } = walkAlong();
    walk.start();
    expect(first.asked.request).toEqual({ ...request, waitMs: 60_000 });
    first.asked.onFound(entry, stored);
    expect(heard).toEqual(["found entry"]);
    expect(asked(links)).toEqual([1, 0, 0]);
  });

  test("that is down is passed over at once", () => {
    const { walk, links, first } = walkAlong();
    first.state = "connecting";
    walk.start();
    expect(asked(links)).toEqual([0, 1, 0]);
  });

  test.each(["LINK_LOST", "DRAINING", "UNKNOWN_OPERATION"] as const)(
    "that refuses with %s gives way to the next",
    (reason) => {
      const { walk, heard, first, second } = walkAlong();
      walk.start();
      first.asked.onRefused(error(reason));
      second.asked.onFound(entry, stored);
      expect(heard).toEqual(["found entry"]);
    },
  );

  test.each(["TOO_MANY_WAITERS", "TOO_MANY_IN_FLIGHT"] as const)(
    "that is full (%s) ends the walk: the next is not flooded",
    (reason) => {
      const { walk, heard, links, first } = walkAlong();
      walk.start();
      first.asked.onRefused(error(reason));
      expect(heard).toEqual([`failed ${reason}`]);
      expect(asked(links)).toEqual([1, 0, 0]);
    },
  );

  test("that says the computation failed has answered", () => {
    const { walk, heard, links, first } = walkAlong();
    walk.start();
    first.asked.onWaiting();
    first.asked.onFailed(error("MODEL_FAILED"));
    expect(heard).toEqual(["failed MODEL_FAILED"]);
    expect(asked(links)).toEqual([1, 0, 0]);
  });
});

describe("an owner that is slow", () => {
  test("is hedged: the next one is asked for what it has, without waiting or a token", () => {
    const { clock, walk, heard, first, second } = walkAlong();
    walk.start();
    clock.advance(hedgeMs - 1);
    expect(second.lookups).toHaveLength(0);
    clock.advance(1);
    expect(second.asked.request.waitMs).toBe(0);
    second.asked.onFound(entry, stored);
    expect(heard).toEqual(["found entry"]);
    expect(first.asked.cancelled).toBe(true);
  });

  test("is hedged as late as it usually answers, and what it took counts", () => {
    const { clock, walk, first, second, hedging } = walkAlong();
    for (let read = 0; read < 256; read += 1) hedging.waited(first, 9);
    walk.start();
    clock.advance(8);
    expect(second.lookups).toHaveLength(0);
    clock.advance(1);
    expect(second.lookups).toHaveLength(1);
    second.asked.onFound(entry, stored);
    expect(hedging.counts).toEqual({ sent: 1, won: 1, withheld: 0 });
  });

  test("is hedged at the latest moment when the budget did not allow it before", () => {
    const { clock, walk, heard, first, second, hedging } = walkAlong();
    const usual = (link: object, ms: number): void => {
      for (let read = 0; read < 256; read += 1) hedging.waited(link, ms);
    };
    usual(first, 9);
    while (hedging.maySend(9, second));
    walk.start();
    first.heardMs = 50;
    clock.advance(hedgeMs - 1);
    expect(second.lookups).toHaveLength(0);
    usual(second, 3);
    clock.advance(1);
    second.asked.onFound(entry, stored);
    expect(heard).toEqual(["found entry"]);
  });

  test("keeps its turn while its link is alive, whatever the other does not have", () => {
    const { clock, walk, heard, first, second } = walkAlong();
    walk.start();
    for (let round = 0; round < 50; round += 1) {
      first.heardMs = clock.nowMs();
      clock.advance(hedgeMs);
      if (round === 0) second.asked.onMissing();
    }
    expect(second.lookups).toHaveLength(1);
    expect(heard).toEqual([]);
    first.asked.onFound(entry, { waited: true, stored: true });
    expect(heard).toEqual(["found entry waited"]);
  });

  test("is not hedged once it said wait, and the hedge under way is let go", () => {
    const { clock, walk, links, first, second } = walkAlong();
    walk.start();
    clock.advance(hedgeMs);
    first.asked.onWaiting();
    expect(second.asked.cancelled).toBe(true);
    clock.advance(20 * stallMs);
    expect(asked(links)).toEqual([1, 1, 0]);
    expect(first.asked.cancelled).toBe(false);
  });

  test("and whose link is silent altogether loses its turn to the next", () => {
    const { clock, walk, heard, first, second } = walkAlong();
    walk.start();
    clock.advance(stallMs - 1);
    expect(first.asked.cancelled).toBe(false);
    clock.advance(hedgeMs);
    expect(first.asked.cancelled).toBe(true);
    expect(second.asked.request.waitMs).toBeGreaterThan(0);
    second.asked.onGranted(Buffer.from("t2"));
    expect(heard).toEqual(["granted t2 by n2"]);
  });

  test("says nothing any more when it was left behind", () => {
    const { clock, walk, heard, first, second } = walkAlong();
    walk.start();
    const late = first.asked;
    clock.advance(stallMs + hedgeMs);
    late.onGranted(Buffer.from("t1"));
    late.onWaiting();
    late.onMissing();
    late.onRefused(error("TOO_MANY_WAITERS"));
    late.onFailed(error("MODEL_FAILED"));
    late.onFound(entry, stored);
    expect(heard).toEqual([]);
    second.asked.onFound(Buffer.from("other"), stored);
    expect(heard).toEqual(["found other"]);
  });
});

describe("whoever has the right to compute", () => {
  test("waits where it was granted, however long that takes", () => {
    const { clock, walk, heard, links, first } = walkAlong();
    walk.start();
    first.asked.onGranted(Buffer.from("t1"));
    clock.advance(30_000);
    expect(asked(links)).toEqual([1, 0, 0]);
    first.asked.onFound(entry, { waited: true, stored: true });
    expect(heard).toEqual(["granted t1 by n1", "found entry waited"]);
  });

  test("may be granted it again by the same owner", () => {
    const { walk, heard, first } = walkAlong();
    walk.start();
    first.asked.onWaiting();
    first.asked.onGranted(Buffer.from("t1"));
    first.asked.onGranted(Buffer.from("t2"));
    expect(heard).toEqual(["granted t1 by n1", "granted t2 by n1"]);
  });

  test("asks the next owner when the link is lost, and may be granted it there", () => {
    const { clock, walk, heard, first, second, third } = walkAlong();
    walk.start();
    first.asked.onGranted(Buffer.from("t1"));
    clock.advance(5_000);
    first.asked.onRefused(error("LINK_LOST"));
    expect(second.asked.request.waitMs).toBe(55_000);
    second.asked.onGranted(Buffer.from("t2"));
    second.asked.onRefused(error("LINK_LOST"));
    third.asked.onFound(entry, stored);
    expect(heard).toEqual(["granted t1 by n1", "granted t2 by n2", "found entry"]);
  });
});

describe("the end of the walk", () => {
  test("is that nobody could be asked", () => {
    const { walk, heard, links, first, second } = walkAlong();
    for (const link of links.slice(2)) link.state = "closed";
    walk.start();
    first.asked.onRefused(error("LINK_LOST"));
    second.asked.onRefused(error("DRAINING"));
    expect(heard).toEqual(["unreachable"]);
  });

  test("is at once that nobody could be asked, where there are no owners", () => {
    const { walk, heard, links } = walkAlong();
    for (const link of links) link.state = "connecting";
    walk.start();
    expect(heard).toEqual(["unreachable"]);
  });

  test("comes when the client's patience ends between two owners", () => {
    const { clock, walk, heard, links, first } = walkAlong({ untilMs: 50 });
    walk.start();
    clock.advance(50);
    first.asked.onRefused(error("LINK_LOST"));
    expect(heard).toEqual(["unreachable"]);
    expect(asked(links)).toEqual([1, 0, 0]);
  });

  test("is silent when it was cancelled", () => {
    const { clock, walk, heard, links, first, second } = walkAlong();
    walk.start();
    clock.advance(hedgeMs);
    walk.cancel();
    expect([first.asked.cancelled, second.asked.cancelled]).toEqual([true, true]);
    first.asked.onFound(entry, stored);
    second.asked.onFound(entry, stored);
    first.asked.onRefused(error("LINK_LOST"));
    clock.advance(60_000);
    expect(heard).toEqual([]);
    expect(asked(links)).toEqual([1, 1, 0]);
  });
});

describe("who takes only what is there", () => {
  test("asks all owners without waiting, and hears that none has it", () => {
    const { walk, heard, links } = walkAlong({ wait: false });
    walk.start();
    for (const link of links) {
      expect(link.asked.request.waitMs).toBe(0);
      link.asked.onMissing();
    }
    expect(heard).toEqual(["missing"]);
  });

  test("gets it from the last that has it", () => {
    const { walk, heard, first, second, third } = walkAlong({ wait: false });
    walk.start();
    first.asked.onMissing();
    second.asked.onRefused(error("DRAINING"));
    third.asked.onFound(entry, stored);
    expect(heard).toEqual(["found entry"]);
  });

  test("hears missing when one said so and the others were not there", () => {
    const { walk, heard, first, second, third } = walkAlong({ wait: false });
    third.state = "closed";
    walk.start();
    first.asked.onMissing();
    second.asked.onRefused(error("LINK_LOST"));
    expect(heard).toEqual(["missing"]);
  });
});
