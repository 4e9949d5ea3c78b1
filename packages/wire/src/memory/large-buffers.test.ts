import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LargeBuffers } from "./large-buffers.ts";

const KiB = 1024;

describe("large buffers", () => {
  test("are used again once they were given back", () => {
    const buffers = new LargeBuffers(1024 * KiB);
    const first = buffers.take(300 * KiB);
    expect(buffers.take(300 * KiB).buffer).not.toBe(first.buffer);
    buffers.give(first.subarray(5, 10));
    expect(buffers.idleBytes).toBe(320 * KiB);
    const again = buffers.take(260 * KiB);
    expect([again.buffer, again.length, buffers.idleBytes]).toEqual([first.buffer, 260 * KiB, 0]);
  });

  test("are not used for what is much smaller, or larger", () => {
    const buffers = new LargeBuffers(1024 * KiB);
    const memory = buffers.take(300 * KiB);
    buffers.give(memory);
    expect(buffers.take(256 * KiB).buffer).not.toBe(memory.buffer);
    expect(buffers.take(321 * KiB).buffer).not.toBe(memory.buffer);
  });

  test("given twice are there once, and what was never taken is not taken in", () => {
    const buffers = new LargeBuffers(1024 * KiB);
    const memory = buffers.take(320 * KiB);
    for (const given of [memory, memory, Buffer.alloc(320 * KiB), buffers.take(10)]) {
      buffers.give(given);
    }
    expect(buffers.idleBytes).toBe(320 * KiB);
  });

  test("of a size that was not used for longest go first", () => {
    const buffers = new LargeBuffers(1024 * KiB);
    const [old, used, more] = [256, 512, 320].map((kilobytes) => buffers.take(kilobytes * KiB));
    for (const memory of [used, old, buffers.take(512 * KiB), more]) buffers.give(memory as Buffer);
    expect(buffers.idleBytes).toBe((512 + 320) * KiB);
    expect(buffers.take(256 * KiB).buffer).not.toBe(old?.buffer);
    expect(buffers.take(320 * KiB).buffer).toBe(more?.buffer);
  });

  test("larger than all that is kept leave those alone that are", () => {
    const buffers = new LargeBuffers(1024 * KiB);
    const [kept, larger] = [buffers.take(256 * KiB), buffers.take(1025 * KiB)];
    buffers.give(kept);
    buffers.give(larger);
    expect(buffers.idleBytes).toBe(256 * KiB);
  });

  test.each([4096, 5000, 100_000, 4 * 1024 * KiB + 7])(
    "take a quarter more than %d bytes at most",
    (bytes) => {
      const { byteLength } = new LargeBuffers(0).take(bytes).buffer;
      expect(byteLength).toBeGreaterThanOrEqual(bytes);
      expect(byteLength).toBeLessThanOrEqual(1.25 * bytes);
    },
  );

  test("belong to one at a time, and idle ones stay within their bound", () => {
    const bound = 1000 * KiB;
    const step = fc.record({ take: fc.boolean(), kilobytes: fc.integer({ min: 1, max: 600 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const buffers = new LargeBuffers(bound);
        const held: { readonly memory: Buffer; readonly mark: number }[] = [];
        steps.forEach(({ take, kilobytes }, mark) => {
          if (take) {
            const memory = buffers.take(kilobytes * KiB);
            expect(memory.length).toBe(kilobytes * KiB);
            held.push({ memory: memory.fill(mark), mark });
          } else {
            const [one] = held.splice(kilobytes % (held.length || 1), 1);
            if (one !== undefined) buffers.give(one.memory);
          }
          expect(buffers.idleBytes).toBeLessThanOrEqual(bound);
          for (const { memory, mark: own } of held) {
            expect([memory[0], memory.at(-1)]).toEqual([own, own]);
          }
        });
      }),
    );
  });
});
