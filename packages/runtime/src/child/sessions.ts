import { KvringError, type ModelIdentity, type Tensor } from "@kvring/core";
import { env, InferenceSession, type OnnxValue } from "onnxruntime-node";
import { loadArtifact } from "../artifact-file.ts";
import type { Reply, Request } from "./messages.ts";
import { fromOrt, toOrt } from "./tensors.ts";

// What goes wrong comes as an error; on stderr ONNX Runtime would only say it again.
env.logLevel = "fatal";
const fatal = 4;

interface Session {
  readonly model: ModelIdentity;
  readonly session: InferenceSession;
}

/** The ONNX Runtime sessions of one process, by artifact digest. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Rejects never: what goes wrong is the answer. */
  async answer(request: Request): Promise<Reply> {
    try {
      return await this.#do(request);
    } catch (error) {
      return { kind: "failed", error: KvringError.from(error) };
    }
  }

  async #do(request: Request): Promise<Reply> {
    switch (request.kind) {
      case "load":
        await this.#load(request);
        return { kind: "loaded" };
      case "unload":
        await this.#unload(request.digest);
        return { kind: "unloaded" };
      case "run":
        return await this.#run(request);
    }
  }

  async #load({ model, path, threads }: Request & { readonly kind: "load" }): Promise<void> {
    if (this.#sessions.has(model.digest)) return;
    const artifact = await loadArtifact(path);
    if (artifact.digest !== model.digest) {
      throw new KvringError(
        "MODEL_INVALID",
        `${label(model)} cannot be loaded: ${path} was replaced, its digest is now ${artifact.digest}`,
      );
    }
    const session = await InferenceSession.create(artifact.model, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: fatal,
      ...(artifact.external.length === 0 ? {} : { externalData: artifact.external }),
    }).catch((cause: Error) => {
      const message = `${label(model)} cannot be loaded: ${cause.message}`;
      throw new KvringError("MODEL_INVALID", message, { cause });
    });
    this.#sessions.set(model.digest, { model, session });
  }

  async #unload(digest: string): Promise<void> {
    const found = this.#sessions.get(digest);
    this.#sessions.delete(digest);
    await found?.session.release();
  }

  async #run(request: Request & { readonly kind: "run" }): Promise<Reply> {
    const found = this.#sessions.get(request.digest);
    if (found === undefined) {
      throw new KvringError("INTERNAL", `no session for ${request.digest} in this process`);
    }
    const feeds = feedsOf(request.inputs);
    const beganMs = performance.now();
    const results = await found.session.run(feeds, request.outputs).catch((cause: Error) => {
      const said = cause.message.trim();
      if (wantsMemory(said)) {
        const message = `${label(found.model)} had too little memory: ${said}`;
        throw new KvringError("MODEL_EXHAUSTED", message, { cause });
      }
      throw new KvringError("MODEL_FAILED", `${label(found.model)} reported: ${said}`, { cause });
    });
    const computeMs = performance.now() - beganMs;
    const outputs = request.outputs.map((name) => fromOrt(name, results[name]));
    return { kind: "ran", outputs, computeMs };
  }
}

function feedsOf(inputs: readonly Tensor[]): Record<string, OnnxValue> {
  const feeds: Record<string, OnnxValue> = Object.create(null);
  for (const input of inputs) feeds[input.name] = toOrt(input);
  return feeds;
}

function label({ name, version }: ModelIdentity): string {
  return `model "${name}" version ${version}`;
}

/** ONNX Runtime has no code for it. Another time there may be enough, so it says nothing of the input. */
function wantsMemory(said: string): boolean {
  return /bad_alloc|failed to allocate memory|out of memory/i.test(said);
}
