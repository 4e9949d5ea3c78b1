import type { UnaryCall } from "@kvring/wire";

/** What is left of a call's time; undefined without a deadline. */
export function remainingMsOf(call: Pick<UnaryCall, "getDeadline">) {
  const deadline = call.getDeadline();
  const atMs = typeof deadline === "number" ? deadline : deadline.getTime();
  // A deadline comes as a duration, and grpc-js turned it into a moment of this machine's clock.
  return Number.isFinite(atMs) ? Math.max(0, atMs - Date.now()) : undefined;
}
