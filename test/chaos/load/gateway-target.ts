import { describe, type Invalidated, KvringClient } from "@kvring/client";
import { KvringError, type Scope } from "@kvring/core";
import type { AnswerSource, RequestOutcome, RequestRecord } from "../history/history.ts";
import type { Question } from "./question.ts";

/** How grpc-js begins what it says of a call that it could not even send. */
const neverSent = "No connection established";

/** A gateway as a client with a choice of gateways sees it. */
export class GatewayTarget {
  readonly name: string;
  readonly #client: KvringClient;
  #isUp = true;
  #inFlight = 0;
  #isClosed = false;

  constructor(name: string, address: string) {
    this.name = name;
    this.#client = new KvringClient(address);
  }

  /** False from a lost connection on until there is a new one. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when there is a connection. */
  async isBack(): Promise<void> {
    while (!this.#isUp) await this.#client.waitUntilReachable(1_000).catch(() => {});
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async ask(question: Question, timeoutMs: number): Promise<RequestRecord> {
    const { key, scopes } = question;
    const startMs = performance.now();
    this.#inFlight += 1;
    const outcome = await this.#outcome(question, timeoutMs);
    this.#inFlight -= 1;
    return { key, scopes, gateway: this.name, startMs, endMs: performance.now(), outcome };
  }

  /** Throws KvringError when nothing was promised. */
  invalidate(scope: Scope, timeoutMs: number): Promise<Invalidated> {
    return this.#client.invalidate(scope, { timeoutMs });
  }

  close(): void {
    this.#isClosed = true;
    this.#client.close();
  }

  async #outcome(question: Question, timeoutMs: number): Promise<RequestOutcome> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#client.inferRaw(question.message, { timeoutMs });
    } catch (error) {
      const { reason, message } = KvringError.from(error);
      // Of the client's own connection: a gateway that answers has other reasons.
      if (reason === "LINK_LOST") this.#lost();
      const wasAsked = !message.startsWith(neverSent);
      return { kind: "failed", reason, message, wasAsked };
    }
    try {
      const answer = describe(bytes);
      const generation = question.read(answer);
      return { kind: "answered", source: sourceOf(answer.cacheStatus), generation };
    } catch (error) {
      return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
    }
  }

  #lost(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    void this.#waitUntilReachable();
  }

  async #waitUntilReachable(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#client.waitUntilReachable(1_000);
        this.#isUp = true;
        return;
      } catch {
        // Not yet.
      }
    }
  }
}

function sourceOf(cacheStatus: string): AnswerSource {
  const [, ...fields] = cacheStatus.split(";").map((field) => field.trim());
  if (fields.includes("detail=stale")) return "stale";
  if (fields.includes("hit")) return fields.includes("detail=l1") ? "l1" : "node";
  if (fields.includes("fwd=bypass")) return "bypass";
  if (fields.includes("fwd=miss")) return fields.includes("collapsed") ? "collapsed" : "computed";
  throw new Error(`the cache status "${cacheStatus}" is not known`);
}
