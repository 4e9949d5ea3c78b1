import { headers, type Msg } from "nats";
import { expect, test } from "vitest";
import { readDelivery, readSignal } from "./delivery.ts";

const delivery = { deliveries: 2, streamSequence: 41, consumerSequence: 7, pending: 3 };

test.each([
  ["2.9", "$JS.ACK.KVRING_CTL.c1.2.41.7.1795493330220595671.3"],
  ["with domain and account", "$JS.ACK._.acc.KVRING_CTL.c1.2.41.7.1795493330220595671.3.rnd"],
  ["without the random token", "$JS.ACK.hub.acc.KVRING_CTL.c1.2.41.7.1795493330220595671.3"],
])("the subject of an acknowledgement, %s", (_name, reply) => {
  expect(readDelivery(reply)).toEqual(delivery);
});

test.each([undefined, "", "_INBOX.x", "$JS.ACK.a.b", "$JS.ACK.s.c.x.y.z.1.2"])(
  "%j is no delivery",
  (reply) => {
    expect(readDelivery(reply)).toBeUndefined();
  },
);

function status(code: number, text: string, fields: Record<string, string> = {}): Msg {
  const made = headers(code, text);
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return { data: new Uint8Array(), headers: made } as unknown as Msg;
}

test("what a consumer says instead of a message", () => {
  expect(readSignal(status(100, "Idle Heartbeat", { "Nats-Last-Consumer": "7" }))).toEqual({
    kind: "heartbeat",
    lastGiven: 7,
    stalled: undefined,
  });
  const stalled = { "Nats-Last-Consumer": "7", "Nats-Consumer-Stalled": "$JS.FC.x" };
  expect(readSignal(status(100, "Idle Heartbeat", stalled))).toMatchObject({ stalled: "$JS.FC.x" });
  expect(readSignal(status(100, "FlowControl Request"))).toEqual({ kind: "flow" });
  expect(readSignal(status(409, "Consumer Deleted"))).toEqual({
    kind: "status",
    code: 409,
    text: "Consumer Deleted",
  });
  const message = { data: new Uint8Array(1), headers: headers() } as unknown as Msg;
  expect(readSignal(message)).toBeUndefined();
  expect(readSignal({ data: new Uint8Array() } as unknown as Msg)).toBeUndefined();
});
