import { KvringError } from "@kvring/core";
import { ErrorCode, NatsError } from "nats";
import { expect, test } from "vitest";
import { readNatsError, whyUnreachable } from "./errors.ts";

function apiError(code: number, description: string): NatsError {
  const error = new NatsError(description, "400");
  error.api_error = { code: 400, err_code: code, description };
  return error;
}

test.each([
  [apiError(10071, "wrong last sequence: 12"), { kind: "conflict", actual: 12 }],
  [apiError(10164, "wrong last sequence"), { kind: "conflict", actual: Number.NaN }],
  [apiError(10077, "maximum messages exceeded"), { kind: "full" }],
  [apiError(10077, "maximum bytes exceeded"), { kind: "full" }],
  [apiError(10077, "write failed"), { kind: "passing" }],
  [apiError(10023, "insufficient resources"), { kind: "full" }],
  [apiError(10059, "stream not found"), { kind: "absent" }],
  [apiError(10014, "consumer not found"), { kind: "absent" }],
  [apiError(10058, "stream name already in use"), { kind: "exists" }],
  [apiError(10037, "no message found"), { kind: "no-message" }],
  [apiError(10008, "JetStream system temporarily unavailable"), { kind: "passing" }],
  [NatsError.errorForCode(ErrorCode.NoResponders), { kind: "absent" }],
  [NatsError.errorForCode(ErrorCode.Timeout), { kind: "passing", why: "no answer in time" }],
  [NatsError.errorForCode(ErrorCode.Disconnect), { kind: "passing" }],
])("%s", (error, failure) => {
  expect(readNatsError(error)).toMatchObject(failure);
});

test.each([
  [apiError(10076, "JetStream not enabled"), "BUS_UNAVAILABLE", "start nats-server with -js"],
  [apiError(10052, "bad request"), "BUS_UNAVAILABLE", "bad request"],
  [NatsError.errorForCode(ErrorCode.MaxPayloadExceeded), "MESSAGE_TOO_LARGE", "max_payload"],
  [NatsError.errorForCode(ErrorCode.PermissionsViolation), "BUS_UNAVAILABLE", "refused"],
  [new TypeError("x is not a function"), "INTERNAL", "x is not a function"],
  [new KvringError("QUEUE_FULL", "full"), "QUEUE_FULL", "full"],
])("%s ends the attempts", (error, reason, sentence) => {
  const failure = readNatsError(error);
  expect(failure).toMatchObject({ kind: "final", error: { reason } });
  if (failure.kind === "final") expect(failure.error.message).toContain(sentence);
});

test("why there is no connection, for people", () => {
  const refused = NatsError.errorForCode(ErrorCode.ConnectionRefused);
  expect(whyUnreachable(refused)).toBe("connection refused");
  const denied = NatsError.errorForCode(ErrorCode.AuthorizationViolation);
  expect(whyUnreachable(denied)).toBe("the credentials were refused");
  expect(whyUnreachable(new Error("getaddrinfo ENOTFOUND nats"))).toContain("ENOTFOUND nats");
  expect(whyUnreachable(undefined)).toBe("unknown reason");
});
