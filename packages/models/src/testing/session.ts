import { InferenceSession, type Tensor } from "onnxruntime-node";

// The binding of 1.30 takes a Float16Array for an empty one, and every run with FP16 fails. Where
// there is no such class when the first tensor is made, it uses 16-bit words, which work.
Reflect.deleteProperty(globalThis, "Float16Array");

/** A quiet session of one thread. */
export function openSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

/** Loads a model, runs it once, and tells each output's elements by its name. */
export async function runOnce(
  model: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, unknown[]>> {
  const session = await openSession(model);
  const outputs = Object.entries(await session.run(feeds));
  await session.release();
  return Object.fromEntries(outputs.map(([name, { data }]) => [name, Array.from<unknown>(data)]));
}
