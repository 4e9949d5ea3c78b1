import { headers, type Msg, type MsgHdrs } from "nats";

/**
 * What JetStream says about a message in the subject that is to be answered. Servers before 2.10
 * write `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.
 * <pending>`, later ones may put domain and account before the stream (NATS ADR-15).
 */
export interface Delivery {
  /** From 1. */
  readonly deliveries: number;
  readonly streamSequence: number;
  /** Counts what this consumer gave, from 1, without gaps. */
  readonly consumerSequence: number;
  /** How many more there are after this one at the moment. */
  readonly pending: number;
}

/** Undefined for what is not a stream's message. */
export function readDelivery(reply: string | undefined): Delivery | undefined {
  if (reply === undefined || !reply.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  if (tokens.length !== 9 && tokens.length < 11) return undefined;
  const first = tokens.length === 9 ? 4 : 6;
  const [deliveries, streamSequence, consumerSequence, , pending] = tokens
    .slice(first, first + 5)
    .map(Number);
  if (
    deliveries === undefined ||
    streamSequence === undefined ||
    consumerSequence === undefined ||
    pending === undefined ||
    !Number.isSafeInteger(deliveries + streamSequence + consumerSequence + pending)
  ) {
    return undefined;
  }
  return { deliveries, streamSequence, consumerSequence, pending };
}

/** What a consumer tells instead of a message. */
export type Signal =
  | {
      readonly kind: "heartbeat";
      /** The consumer sequence of the last message it gave. */
      readonly lastGiven: number;
      /** Where a stalled consumer waits to be told to go on. */
      readonly stalled: string | undefined;
    }
  /** To be answered, so that the consumer goes on sending. */
  | { readonly kind: "flow" }
  | { readonly kind: "status"; readonly code: number; readonly text: string };

/** Undefined for a message. */
export function readSignal(msg: Msg): Signal | undefined {
  const status = msg.headers;
  if (status === undefined || status.code === 0 || msg.data.length > 0) return undefined;
  if (status.code !== 100) {
    return { kind: "status", code: status.code, text: status.description };
  }
  if (status.description !== "Idle Heartbeat") return { kind: "flow" };
  const stalled = status.get("Nats-Consumer-Stalled");
  return {
    kind: "heartbeat",
    lastGiven: Number(status.get("Nats-Last-Consumer")),
    stalled: stalled === "" ? undefined : stalled,
  };
}

/** What is answered to a delivery. */
export const acknowledgement = {
  done: Buffer.from("+ACK"),
  again: Buffer.from("-NAK"),
  working: Buffer.from("+WPI"),
  never: Buffer.from("+TERM"),
} as const;

export const messageIdHeader = "Nats-Msg-Id";

/** Of a bucket's messages: absent for a value. */
export const operationHeader = "KV-Operation";

export function isGone(operation: string): boolean {
  return operation === "DEL" || operation === "PURGE";
}

export function headersOf(fields: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}
