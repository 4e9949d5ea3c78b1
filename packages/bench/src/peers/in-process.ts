import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { shippedRepository } from "@kvring/models";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { digit, slowInput, slowModel } from "../system/models.ts";

/** The models called directly in this process, one thread each: nothing answers sooner. */
export interface InProcess {
  mnist(n: number): Promise<unknown>;
  slow(n: number): Promise<unknown>;
  close(): Promise<void>;
}

export async function loadInProcess(): Promise<InProcess> {
  const path = join(shippedRepository, "mnist", "1", "model.onnx");
  const mnist = await open(await readFile(path));
  const slow = await open(slowModel());
  return {
    mnist: (n) => mnist.run({ image: floats(digit(n), [1, 1, 28, 28]) }),
    slow: (n) => slow.run({ x: floats(slowInput(n), [1, 512]) }),
    async close() {
      await mnist.release();
      await slow.release();
    },
  };
}

function open(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

function floats(bytes: Buffer, shape: readonly number[]): Tensor {
  const { buffer, byteOffset, length } = bytes;
  return new Tensor("float32", new Float32Array(buffer, byteOffset, length / 4), shape);
}
