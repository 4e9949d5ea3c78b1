import { ErrorCode, type Msg, NatsError } from "nats";

type Callback = (error: NatsError | null, msg: Msg) => void;

/**
 * Calls a listener where its caller would swallow what it throws. A listener that throws is a
 * programmer's error: it ends the process, as it would anywhere else.
 */
export function loudly(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

/**
 * For subscriptions: what their callback throws is swallowed by the client, which then stops
 * reading from its socket for good.
 */
export function guarded(callback: Callback): Callback {
  return (error, msg) => loudly(() => callback(error, msg));
}

/**
 * Answers a message, unless the connection it came over was given up meanwhile: then the answer is
 * lost, as it might have been on its way.
 */
export function respond(msg: Msg, ...answer: Parameters<Msg["respond"]>): void {
  try {
    msg.respond(...answer);
  } catch (thrown) {
    if (!(thrown instanceof NatsError) || thrown.code !== ErrorCode.ConnectionClosed) throw thrown;
  }
}
