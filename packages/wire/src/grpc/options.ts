import type { ChannelOptions } from "@grpc/grpc-js";
import { limits } from "@kvring/core";

/** A bound on messages is a bound on what they carry: this much goes around it. */
const envelopeBytes = 64 * 1024;

/** The largest message, in either direction. */
export const serverMessageBytes = limits.messageBytes + envelopeBytes;

const messageBounds = {
  "grpc.max_receive_message_length": serverMessageBytes,
  "grpc.max_send_message_length": serverMessageBytes,
};

/** For every gRPC server of kvring. */
export const serverOptions: ChannelOptions = Object.freeze({
  ...messageBounds,
  // A peer that vanished without closing its connection is noticed within 15 s.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // Calls at a time on one connection; a client with more waits, or opens another.
  "grpc.max_concurrent_streams": 1_024,
});

/** For clients of the public services. */
export const clientOptions: ChannelOptions = Object.freeze({ ...messageBounds });
