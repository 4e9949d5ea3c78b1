import { KvringError } from "@kvring/core";
import { ErrorCode, NatsError } from "nats";

/** What an error of the NATS client means to us. */
export type NatsFailure =
  /** May go by: worth another attempt while there is time. */
  | { readonly kind: "passing"; readonly why: string }
  /** Nobody answers under that name: the stream or consumer is missing, or has no leader yet. */
  | { readonly kind: "absent"; readonly why: string }
  /** The message that was asked for does not exist. */
  | { readonly kind: "no-message" }
  /** It exists already, with other settings. */
  | { readonly kind: "exists" }
  /** Somebody else wrote under that subject. */
  | { readonly kind: "conflict"; readonly actual: number }
  /** The stream's limits, or the server's. */
  | { readonly kind: "full"; readonly why: string }
  /** Another attempt would end the same way. */
  | { readonly kind: "final"; readonly error: KvringError };

/** Error codes of the JetStream API that say more than their HTTP-like code. */
const apiCodes = {
  wrongLastSequence: new Set([10071, 10164]),
  storeFailed: 10077,
  outOfResources: new Set([10023, 10028, 10047]),
  absent: new Set([10014, 10059]),
  exists: new Set([10058, 10148]),
  noMessage: 10037,
  notEnabled: new Set([10039, 10076]),
  // 10065, overlapping subjects, is also said of a stream that another process is just creating.
  passing: new Set([10005, 10008, 10009, 10065]),
};

const passingCodes: ReadonlySet<string> = new Set([
  ErrorCode.Timeout,
  ErrorCode.Disconnect,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.Cancelled,
]);

/** The only place where errors of the NATS client are told apart. */
export function readNatsError(thrown: unknown): NatsFailure {
  if (thrown instanceof KvringError) return { kind: "final", error: thrown };
  if (!(thrown instanceof NatsError)) return { kind: "final", error: KvringError.from(thrown) };
  const api = thrown.jsError();
  if (api !== null) return readApiError(api.err_code ?? 0, api.description, thrown);
  const code = thrown.code;
  if (code === ErrorCode.NoResponders) return { kind: "absent", why: "nobody answers there" };
  if (passingCodes.has(code)) {
    return {
      kind: "passing",
      why: code === ErrorCode.Timeout ? "no answer in time" : thrown.message,
    };
  }
  if (code === ErrorCode.MaxPayloadExceeded) {
    return final("MESSAGE_TOO_LARGE", "is larger than NATS carries (its max_payload)", thrown);
  }
  return final("BUS_UNAVAILABLE", `was refused: ${thrown.message}`, thrown);
}

function readApiError(code: number, description: string, cause: NatsError): NatsFailure {
  if (apiCodes.wrongLastSequence.has(code)) {
    return { kind: "conflict", actual: Number(/\d+$/.exec(description)?.[0] ?? Number.NaN) };
  }
  if (code === apiCodes.storeFailed && /maximum .* exceeded/.test(description)) {
    return { kind: "full", why: description };
  }
  if (apiCodes.outOfResources.has(code)) return { kind: "full", why: description };
  if (apiCodes.absent.has(code)) return { kind: "absent", why: description };
  if (apiCodes.exists.has(code)) return { kind: "exists" };
  if (code === apiCodes.noMessage) return { kind: "no-message" };
  if (apiCodes.notEnabled.has(code)) {
    return final(
      "BUS_UNAVAILABLE",
      "needs JetStream: start nats-server with -js, or enable it for the account",
      cause,
    );
  }
  if (apiCodes.passing.has(code) || code === apiCodes.storeFailed) {
    return { kind: "passing", why: description };
  }
  return final("BUS_UNAVAILABLE", `was refused by NATS: ${description}`, cause);
}

function final(
  reason: "BUS_UNAVAILABLE" | "MESSAGE_TOO_LARGE",
  why: string,
  cause: NatsError,
): NatsFailure {
  return { kind: "final", error: new KvringError(reason, `a message ${why}`, { cause }) };
}

/** Why a connection could not be made, for people. */
export function whyUnreachable(thrown: unknown): string {
  if (thrown instanceof NatsError) {
    switch (thrown.code) {
      case ErrorCode.ConnectionRefused:
        return "connection refused";
      case ErrorCode.Timeout:
      case ErrorCode.ConnectionTimeout:
        return "no answer in time";
      case ErrorCode.AuthorizationViolation:
        return "the credentials were refused";
    }
  }
  return thrown instanceof Error && thrown.message !== "" ? thrown.message : "unknown reason";
}
