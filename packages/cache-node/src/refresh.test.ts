import { Entry, encodeEntry, ManualClock } from "@kvring/core";
import { createStore } from "@kvring/store";
import type { ExchangeSession, LookupOperation } from "@kvring/wire";
import { beforeEach, expect, test } from "vitest";
import { NodeHandler } from "./node-handler.ts";

const key = new Uint8Array(32).fill(7);
const born = { epoch: 1, sequence: 5 };

let clock: ManualClock;
let node: NodeHandler;
/** What sessions were told, and the last token. */
let told: string[];
let token: Uint8Array<ArrayBuffer>;

beforeEach(() => {
  clock = new ManualClock();
  const store = createStore({ policy: "lru", capacityBytes: 2 ** 20, clock });
  node = new NodeHandler({ store, clock, stagedBytes: 1_000 });
  told = [];
});

function session(name: string): ExchangeSession {
  const tell = (what: string) => (id: number) => told.push(`${name}:${id} ${what}`);
  const one: ExchangeSession = {
    sessionId: name,
    peerId: name,
    ringVersion: 1,
    found: (id, { bytes, life }, { waited }) =>
      tell(`found${waited ? " waited" : ""} ${life?.ttlMs ?? new Entry(bytes).ttlMs}`)(id),
    missing: tell("missing"),
    granted: (id, given, asks) => {
      token = Uint8Array.from(given);
      tell(`granted after ${asks}`)(id);
    },
    waiting: tell("waiting"),
    failed: (id, { reason }) => tell(reason)(id),
    refused: (id, { reason }) => tell(reason)(id),
    done: () => {},
    begun: () => {},
  };
  node.opened(one);
  return one;
}

function look(from: ExchangeSession, id: number, minTtlMs: number): void {
  const usual = { minBorn: born, maxAgeMs: undefined, waitMs: 1_000, joinOnly: false, tenant: "" };
  const operation: LookupOperation = { kind: "lookup", id, key, minTtlMs, ...usual };
  node.operate(from, operation);
}

function put(from: ExchangeSession, ttlMs: number, under = new Uint8Array()): void {
  const header = { born, ageMs: 0, costMs: 1, digest: "ab".repeat(32), scopes: [] };
  const entry = encodeEntry({ ...header, ttlMs, staleMs: 60_000 }, Buffer.from("a"));
  node.operate(from, {
    kind: "put",
    id: 99,
    key,
    tenant: "",
    token: under,
    entry,
    bulkBytes: 0,
    store: true,
  });
}

test("of two gateways that refresh a key, one computes and both are told, and others go on with the old", () => {
  const [a, b] = [session("a"), session("b")];
  put(a, 1_000);
  clock.advance(3_000);
  look(a, 1, -5_000);
  look(b, 1, -5_000);
  expect(told.splice(0)).toEqual(["a:1 found -2000", "b:1 found -2000"]);
  look(b, 2, 0);
  look(a, 2, 0);
  look(a, 3, -5_000);
  expect(told.splice(0)).toEqual(["b:2 granted after 3", "a:2 waiting", "a:3 found -2000"]);
  put(a, 1_000, token);
  expect(told.splice(0)).toEqual(["b:2 found 1000", "a:2 found waited 1000"]);
  look(b, 3, 0);
  expect(told).toEqual(["b:3 found 1000"]);
});

test("what is refreshed before it expires is computed once, and new enough afterwards", () => {
  const [a, b] = [session("a"), session("b")];
  put(a, 1_000);
  clock.advance(900);
  look(a, 1, 101);
  look(b, 1, 101);
  look(b, 2, 0);
  expect(told.splice(0)).toEqual(["a:1 granted after 1", "b:1 waiting", "b:2 found 100"]);
  put(a, 1_000, token);
  told.length = 0;
  look(b, 3, 101);
  expect(told).toEqual(["b:3 found 1000"]);
});
