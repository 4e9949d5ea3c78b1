/**
 * An answer as gRPC sends it: a byte that says whether it is compressed, four of length, the message.
 * Handlers make the whole of it, so that it goes out from where it was put together.
 */
export const answerHeadBytes = 5;

/** Writes the head in front of a message that lies behind room for it. */
export function closeAnswer(frame: Buffer): Buffer {
  frame[0] = 0;
  frame.writeUInt32BE(frame.length - answerHeadBytes, 1);
  return frame;
}

export function messageIn(frame: Uint8Array): Uint8Array {
  return frame.subarray(answerHeadBytes);
}
