import { ManualClock, silentLog } from "@kvring/core";
import { beforeEach, expect, test } from "vitest";
import { ReplicaCheck } from "./replica-check.ts";

let clock: ManualClock;
let told: string[];
let check: ReplicaCheck;

beforeEach(() => {
  clock = new ManualClock();
  told = [];
  const note = (level: string) => (fields: object) => {
    told.push(`${level} ${JSON.stringify(fields)}`);
  };
  const log = { ...silentLog, warn: note("warn"), info: note("info") };
  check = new ReplicaCheck({ replicas: 2, clock, log });
});

test("nodes that join one after another are nothing to tell of", () => {
  for (const nodes of [0, 1, 2]) {
    check.follow(nodes);
    clock.advance(9_000);
  }
  clock.advance(60_000);
  expect(told).toEqual([]);
});

test("too few for long are told of once, with how many there are, and when they are enough", () => {
  check.follow(2);
  check.follow(0);
  clock.advance(20_000);
  check.follow(1);
  clock.advance(10_000);
  expect(told).toEqual(['warn {"nodes":1,"replicas":2}']);
  check.follow(0);
  clock.advance(60_000);
  expect(told).toHaveLength(1);
  check.follow(3);
  expect(told.slice(1)).toEqual(['info {"nodes":3,"replicas":2}']);
  check.follow(1);
  clock.advance(30_000);
  expect(told).toHaveLength(3);
});

test("whoever stopped says nothing", () => {
  check.follow(1);
  check.stop();
  clock.advance(60_000);
  expect(told).toEqual([]);
});
