import { Metadata, status } from "@grpc/grpc-js";
import { KvringError, reasons, statusCodes } from "@kvring/core";
import { parse } from "protobufjs";
import { describe, expect, test } from "vitest";
import { decodeStatus, encodeStatus } from "./errors.ts";
import { loadServices } from "./services.ts";

describe("a status", () => {
  test("carries every reason there and back", () => {
    for (const reason of Object.keys(reasons) as (keyof typeof reasons)[]) {
      const sent = encodeStatus(new KvringError(reason, `why: ${reason} ↯`));
      expect(sent.code).toBe(statusCodes[reasons[reason]]);
      expect(decodeStatus(sent)).toMatchObject({ reason, message: `why: ${reason} ↯` });
    }
  });

  test("says when to come again, as google.rpc.RetryInfo", () => {
    const retryAfterMs = 4_250;
    const sent = encodeStatus(new KvringError("OVERLOADED", "later", { retryAfterMs }));
    const [details] = sent.metadata?.get("grpc-status-details-bin") ?? [];
    const { root } = parse(`syntax = "proto3";
      message Any { string type_url = 1; bytes value = 2; }
      message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
      message Duration { int64 seconds = 1; int32 nanos = 2; }
      message RetryInfo { Duration retry_delay = 1; }`);
    const status = root
      .lookupType("Status")
      .decode(details as Buffer)
      .toJSON();
    const url = "type.googleapis.com/google.rpc.RetryInfo";
    const info = status["details"].find((detail: { typeUrl: string }) => detail.typeUrl === url);
    const retry = root.lookupType("RetryInfo").decode(Buffer.from(info.value, "base64"));
    expect(retry.toJSON()).toEqual({ retryDelay: { seconds: "4", nanos: 250_000_000 } });
    expect(decodeStatus(sent)).toMatchObject({ reason: "OVERLOADED", message: "later" });
  });

  test("fits a header, whatever the sentence", () => {
    const { details } = encodeStatus(new KvringError("INTERNAL", `\ud800${"x".repeat(100_000)}`));
    expect(details.length).toBeLessThan(1_100);
    expect(encodeURI(details)).toContain("xxx");
  });

  test.each([
    [status.UNAVAILABLE, "no connection", "LINK_LOST"],
    [status.CANCELLED, "cancelled", "CANCELLED"],
    [status.DEADLINE_EXCEEDED, "late", "DEADLINE_EXCEEDED"],
    [status.UNIMPLEMENTED, "no such method", "UNKNOWN_OPERATION"],
    [status.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs 8)", "MESSAGE_TOO_LARGE"],
    [status.RESOURCE_EXHAUSTED, "slow down", "QUEUE_FULL"],
    [status.PERMISSION_DENIED, "no", "INTERNAL"],
    [undefined, "not a status", "INTERNAL"],
  ])("of somebody else's with code %s (%s) is %s", (code, details, reason) => {
    const foreign = { ...(code === undefined ? {} : { code }), details };
    expect(decodeStatus(foreign)).toMatchObject({ reason, message: details, cause: foreign });
  });

  test("with details that are not ours is read without them", () => {
    for (const bytes of [[0xff], [0x1a, 0x00], [0x1a, 0x02, 0x0a, 0x00]]) {
      const metadata = new Metadata();
      metadata.set("grpc-status-details-bin", Buffer.from(bytes));
      expect(decodeStatus({ code: status.NOT_FOUND, details: "gone", metadata })).toMatchObject({
        reason: "INTERNAL",
        message: "gone",
      });
    }
  });
});

test("the services of the protocol files are there", () => {
  const { inference, kvring } = loadServices();
  expect(inference.GRPCInferenceService.service.ModelInfer.path).toBe(
    "/inference.GRPCInferenceService/ModelInfer",
  );
  expect(kvring.v1.InferenceService.service.Infer.path).toBe("/kvring.v1.InferenceService/Infer");
  expect(kvring.v1.CacheNode.service.Stats.path).toBe("/kvring.v1.CacheNode/Stats");
  expect(loadServices()).toBe(loadServices());
});
