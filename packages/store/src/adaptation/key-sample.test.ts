import { expect, test } from "vitest";
import { isSampled, KeySample, sampleHash } from "./key-sample.ts";

function offer(sample: KeySample, keys: Iterable<number>, dismissed: number[] = []): void {
  for (const key of keys) {
    if (!sample.includes(sampleHash(key)) || sample.find(key) !== undefined) continue;
    sample.admit(key, (number) => dismissed.push(sample.fingerprintOf(number)));
  }
}

const upTo = (keys: number) => Array.from({ length: keys }, (_, key) => key);

test("a small set of keys is looked at whole", () => {
  const sample = new KeySample(100);
  offer(sample, upTo(100));
  expect([sample.size, sample.rate]).toEqual([100, 1]);
});

test("a large one as if nobody but the members had ever been offered", () => {
  const sample = new KeySample(500);
  const dismissed: number[] = [];
  offer(sample, upTo(20_000), dismissed);
  expect(sample.size).toBe(500);
  // Numbers in order are spread: the rate tells how many there were.
  expect(500 / sample.rate).toBeGreaterThan(17_000);
  expect(500 / sample.rate).toBeLessThan(23_000);
  const members = upTo(20_000).filter((key) => sample.find(key) !== undefined);
  expect(members).toEqual(upTo(20_000).filter((key) => sample.includes(sampleHash(key))));
  for (const key of dismissed) expect(sample.includes(sampleHash(key))).toBe(false);
});

test("whose members are numbered within its size, and make room when they go", () => {
  const sample = new KeySample(4);
  offer(sample, [1, 2, 3, 4]);
  const number = sample.find(3) as number;
  sample.release(number);
  expect(sample.find(3)).toBeUndefined();
  offer(sample, [5]);
  expect([sample.find(5), sample.fingerprintOf(number), sample.rate]).toEqual([number, 5, 1]);
  expect(Math.max(...[1, 2, 4, 5].map((key) => sample.find(key) as number))).toBeLessThan(4);
});

test("a share that is known beforehand has the keys of a sample of that rate", () => {
  const sample = new KeySample(500);
  offer(sample, upTo(20_000));
  const keys = upTo(20_000);
  expect(keys.filter((key) => isSampled(key, sample.rate))).toEqual(
    keys.filter((key) => sample.includes(sampleHash(key))),
  );
  expect(keys.every((key) => isSampled(key, 1))).toBe(true);
});

test("a sample of what is no longer whole shrinks by a few with every newcomer, to the same one", () => {
  const [whole, sampled] = [new KeySample(100, 1_000), new KeySample(100)];
  offer(whole, upTo(1_000));
  expect([whole.size, whole.rate]).toEqual([1_000, 1]);
  const dismissed: number[] = [];
  offer(whole, [1_000], dismissed);
  expect(whole.size).toBeGreaterThan(990);
  expect(whole.rate).toBeLessThan(1);
  offer(whole, upTo(20_000), dismissed);
  offer(sampled, upTo(20_000));
  expect([whole.size, whole.rate]).toEqual([100, sampled.rate]);
  const members = (of: KeySample) => upTo(20_000).filter((key) => of.find(key) !== undefined);
  expect(members(whole)).toEqual(members(sampled));
});
