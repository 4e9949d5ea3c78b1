import { expect, test } from "vitest";
import { KvringError } from "./errors.ts";
import { decodeFailure, encodeFailure } from "./failure-body.ts";

test("a failure that was written is read", () => {
  const failure = new KvringError("MODEL_FAILED", 'model "a" reported: no row 9');
  expect(decodeFailure(encodeFailure(failure))).toMatchObject(failure.toJSON());
});

test.each(["", "x", "7", "null", "{}", '{"reason": "MODEL_FAILED"}'])("%j is none", (text) => {
  expect(() => decodeFailure(Buffer.from(text))).toThrow(
    expect.objectContaining({ reason: "ENTRY_MALFORMED" }),
  );
});
