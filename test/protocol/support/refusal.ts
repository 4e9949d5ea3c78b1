/** Reads an error as it comes over the wire, by hand: nothing of kvring's own code is in it. */
import { join } from "node:path";
import { type Metadata, status } from "@grpc/grpc-js";
import { Root, type Type } from "protobufjs";
import { expect } from "vitest";

export interface Refusal {
  /** The name of the gRPC status. */
  readonly code: string;
  /** Of the google.rpc.ErrorInfo in `grpc-status-details-bin`; empty when there is none. */
  readonly reason: string;
  readonly message: string;
}

const root = new Root().loadSync(
  join(import.meta.dirname, "../../../proto/google/rpc/status.proto"),
  { keepCase: true },
);
const richStatus = root.lookupType("google.rpc.Status");
const errorInfo = root.lookupType("google.rpc.ErrorInfo");

/** What a call was refused with. Fails when it was answered, or when its details disagree. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    (answer) => {
      throw new Error(`answered, not refused: ${JSON.stringify(answer).slice(0, 300)}`);
    },
    (thrown: unknown) => thrown,
  );
  const { code, details, metadata } = error as Partial<ServiceError>;
  if (code === undefined || details === undefined) throw error;
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  const reason = Buffer.isBuffer(bytes) ? reasonIn(bytes, code, details) : "";
  return { code: status[code] ?? String(code), reason, message: details };
}

interface ServiceError {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

interface Detail {
  readonly type_url: string;
  readonly value: string;
}

/**
 * The ErrorInfo of a google.rpc.Status, which must agree with the plain status around it. Beside it
 * there is nothing but, where it is worth trying again, a RetryInfo.
 */
export function reasonIn(bytes: Uint8Array, code: number, message: string): string {
  const rich = decode(richStatus, bytes);
  expect(rich).toMatchObject({ code, message });
  const details = rich["details"] as Detail[];
  const retry = details.length === 1 ? [] : ["type.googleapis.com/google.rpc.RetryInfo"];
  expect(details.map((detail) => detail.type_url)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
    ...retry,
  ]);
  const info = decode(errorInfo, Buffer.from(details[0]?.value ?? "", "base64"));
  expect(info).toMatchObject({ domain: "kvring", reason: expect.stringMatching(/^[A-Z_]+$/) });
  return String(info["reason"]);
}

function decode(type: Type, bytes: Uint8Array): Record<string, unknown> {
  return type.toObject(type.decode(bytes), { bytes: String, defaults: true, arrays: true });
}
