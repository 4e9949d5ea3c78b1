import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Entry, type EntryHeader, encodeEntry, stampAge } from "./entry.ts";
import { KvringError } from "./errors.ts";
import { policyNames } from "./eviction-policy.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 });
const hexDigit = fc.constantFrom(..."0123456789abcdef");

const anyHeader: fc.Arbitrary<EntryHeader> = fc.record({
  born: fc.record({ epoch: fc.maxSafeNat(), sequence: fc.maxSafeNat() }),
  ageMs: finite,
  ttlMs: finite,
  costMs: finite,
  digest: fc.string({ unit: hexDigit, minLength: 64, maxLength: 64 }),
  scopes: fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { maxLength: 64 }),
});

const header: EntryHeader = {
  born: { epoch: 2 ** 53 - 1, sequence: 258 },
  ageMs: 1.5,
  ttlMs: 60_000,
  costMs: 15.25,
  digest: "0123456789abcdef".repeat(4),
  scopes: [1n, 2n ** 64n - 1n],
};

describe("an entry", () => {
  test("gives back what it was made of, wherever in memory it lies", () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array(), fc.nat({ max: 9 }), (any, body, offset) => {
        const encoded = encodeEntry(any, body);
        const memory = new Uint8Array(offset + encoded.byteLength + 3);
        memory.set(encoded, offset);
        const entry = new Entry(memory.subarray(offset, offset + encoded.byteLength));
        expect(entry.header).toEqual(any);
        expect(Buffer.compare(entry.body, body)).toBe(0);
      }),
    );
  });

  test("has the bytes that docs/adr-0002 lays out", () => {
    expect(Buffer.from(encodeEntry(header, Buffer.from("body"))).toString("hex")).toBe(
      [
        "01000200",
        "60000000",
        "ffffffffffff1f00",
        "0201000000000000",
        "000000000000f83f",
        "00000000004ced40",
        "0000000000802e40",
        "0123456789abcdef".repeat(4),
        "0100000000000000",
        "ffffffffffffffff",
        Buffer.from("body").toString("hex"),
      ].join(""),
    );
  });

  test("gives its body as a view", () => {
    const encoded = encodeEntry(header, Buffer.from("body"));
    const { body } = new Entry(encoded);
    expect(body.buffer).toBe(encoded.buffer);
    expect(Buffer.from(body).toString()).toBe("body");
  });

  test("is refused wherever its header is cut off", () => {
    const encoded = encodeEntry(header, Buffer.alloc(0));
    for (let length = 0; length < encoded.byteLength; length += 1) {
      expect(reasonOf(() => new Entry(encoded.subarray(0, length)))).toBe("ENTRY_MALFORMED");
    }
    expect(new Entry(encoded).header).toEqual(header);
  });

  test("of another version is refused", () => {
    for (const version of [0, 2, 255]) {
      const encoded = encodeEntry(header, Buffer.alloc(0));
      encoded[0] = version;
      expect(reasonOf(() => new Entry(encoded))).toBe("ENTRY_MALFORMED");
    }
  });

  test("is either refused or readable, whatever its bytes are", () => {
    const first = fc.constant(1);
    const anyBytes = fc.tuple(first, fc.uint8Array({ minLength: 70, maxLength: 700 }));
    const small = fc.nat({ max: 70 });
    fc.assert(
      fc.property(anyBytes, small, small, ([version, rest], scopes, extra) => {
        const bytes = Buffer.from([version, ...rest]);
        bytes.writeUInt16LE(scopes, 2);
        bytes.writeUInt32LE(80 + 8 * extra, 4);
        const entry = readable(bytes);
        if (entry === undefined) return;
        expect(entry.header.scopes).toHaveLength(scopes);
        expect(entry.body.byteLength).toBe(bytes.byteLength - 80 - 8 * extra);
      }),
    );
  });

  test("with a longer header of the same version is read past it", () => {
    const encoded = Buffer.from(encodeEntry(header, Buffer.from("body")));
    const end = encoded.byteLength - 4;
    const longer = Buffer.concat([
      encoded.subarray(0, end),
      Buffer.from("what a later release adds"),
      encoded.subarray(end),
    ]);
    longer.writeUInt32LE(end + 25, 4);
    const entry = new Entry(longer);
    expect(entry.header).toEqual(header);
    expect(Buffer.from(entry.body).toString()).toBe("body");
  });

  test("cannot be made with too many scopes, or with a digest of another length", () => {
    const body = Buffer.alloc(0);
    const scopes = Array.from({ length: 65 }, () => 0n);
    expect(() => encodeEntry({ ...header, scopes }, body)).toThrow("at most 64 scopes");
    for (const digest of ["", "ab", "0".repeat(63), "0".repeat(65), "G".repeat(64)]) {
      expect(() => encodeEntry({ ...header, digest }, body)).toThrow("64 lower-case hex digits");
    }
  });
});

test("says how long it is kept past its life, by which policy, and whether it is a failure, where it does", () => {
  const policies = policyNames.map((policy) => ({ policy }));
  const both = { staleMs: 2, policy: "gdsf", isFailure: true } as const;
  for (const more of [{ staleMs: 1_500 }, { isFailure: true }, ...policies, both]) {
    const entry = new Entry(encodeEntry({ ...header, ...more }, Buffer.from("body")));
    expect(entry.header).toEqual({ ...header, ...more });
    expect(Buffer.from(entry.body).toString()).toBe("body");
    // Who does not know failures sees another version.
    expect(entry.bytes[0] === 1).toBe(!("isFailure" in more));
  }
  const usual = new Entry(encodeEntry(header, Buffer.from("body")));
  expect([usual.staleMs, usual.isFailure]).toEqual([0, false]);
});

test("stampAge changes age and remaining life, and nothing else", () => {
  fc.assert(
    fc.property(anyHeader, fc.uint8Array(), finite, finite, (any, body, ageMs, ttlMs) => {
      const stamped = encodeEntry(any, body);
      stampAge(stamped, ageMs, ttlMs);
      const expected = encodeEntry({ ...any, ageMs, ttlMs }, body);
      expect(Buffer.compare(stamped, expected)).toBe(0);
    }),
  );
});

function readable(bytes: Uint8Array): Entry | undefined {
  try {
    return new Entry(bytes);
  } catch (error) {
    expect(error).toMatchObject({ reason: "ENTRY_MALFORMED" });
    return undefined;
  }
}

function reasonOf(attempt: () => unknown): string {
  try {
    attempt();
    return "none";
  } catch (error) {
    return error instanceof KvringError ? error.reason : String(error);
  }
}
