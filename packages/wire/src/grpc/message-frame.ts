/**
 * A message as gRPC sends it: a byte that says whether it is compressed, four of length, the message.
 * Handlers answer with the whole of it, so that it goes out from where it was put together.
 */
export const frameHeadBytes = 5;

/** Writes the head in front of a message that lies behind room for it. */
export function closeFrame(frame: Buffer): Buffer {
  frame[0] = 0;
  frame.writeUInt32BE(frame.length - frameHeadBytes, 1);
  return frame;
}

export function messageIn(frame: Uint8Array): Uint8Array {
  return frame.subarray(frameHeadBytes);
}
