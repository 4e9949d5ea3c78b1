import type { Courier } from "@kvring/bus";
import { courierBytes } from "@kvring/bus";
import { KvringError } from "@kvring/core";
import {
  type Begun,
  type DirectReply,
  type DirectRequest,
  decodeDirectReply,
  encodeDirectRequest,
  type MissJob,
  type NodeLink,
} from "@kvring/wire";

/**
 * Who holds a job's token, its staged input and its waiters: the first owner of the key, or, in a
 * direct job, the gateway itself. The worker asks before it computes, so that a job nobody waits
 * for any more is dropped without comparing two machines' clocks.
 */
export interface Holder {
  begin(): Promise<Begun>;
  /** Every second while computing. */
  keep(): Promise<void>;
  /** False: nobody waited, or it was not kept. */
  answer(entry: Uint8Array, store: boolean): Promise<boolean>;
  fail(error: KvringError): Promise<void>;
}

export class NodeHolder implements Holder {
  readonly #link: NodeLink;
  readonly #job: MissJob;

  constructor(link: NodeLink, job: MissJob) {
    this.#link = link;
    this.#job = job;
  }

  begin(): Promise<Begun> {
    const { key, token } = this.#job;
    return this.#link.begin({ key, token });
  }

  async keep(): Promise<void> {
    const { key, token } = this.#job;
    await this.#link.keep({ key, token });
  }

  answer(entry: Uint8Array, store: boolean): Promise<boolean> {
    const { key, token } = this.#job;
    return this.#link.put({ key, token, entry, store });
  }

  async fail(error: KvringError): Promise<void> {
    const { key, token } = this.#job;
    await this.#link.fail({ key, token, error });
  }
}

const requestTimeoutMs = 2_000;
const pieceBytes = courierBytes - 1024;

export class GatewayHolder implements Holder {
  readonly #courier: Courier;
  readonly #job: MissJob;

  constructor(courier: Courier, job: MissJob) {
    this.#courier = courier;
    this.#job = job;
  }

  async begin(): Promise<Begun> {
    const { token, stagedBytes } = this.#job;
    const input = Buffer.allocUnsafe(stagedBytes);
    let received = 0;
    for (;;) {
      const reply = await this.#ask({ kind: "begin", token, offset: received });
      if (!reply.alive) return { alive: false };
      // A job that carries its request needs only to hear that somebody waits.
      if (stagedBytes === 0)
        return { alive: true, input: undefined, remainingMs: reply.remainingMs };
      if (reply.input.length === 0 || received + reply.input.length > stagedBytes) {
        throw new KvringError("INPUT_LOST", "the gateway holds another input than the job says");
      }
      input.set(reply.input, received);
      received += reply.input.length;
      if (received === stagedBytes) {
        return { alive: true, input, remainingMs: reply.remainingMs };
      }
    }
  }

  /** A direct job has no token that could run out. */
  keep(): Promise<void> {
    return Promise.resolve();
  }

  async answer(entry: Uint8Array): Promise<boolean> {
    const { token } = this.#job;
    const totalBytes = entry.length;
    for (let offset = 0; offset < totalBytes; offset += pieceBytes) {
      const bytes = entry.subarray(offset, offset + pieceBytes);
      const reply = await this.#ask({ kind: "answer", token, offset, totalBytes, bytes });
      if (!reply.alive) return false;
    }
    return true;
  }

  async fail({ reason, message }: KvringError): Promise<void> {
    await this.#ask({ kind: "failure", token: this.#job.token, reason, message });
  }

  async #ask(request: DirectRequest): Promise<DirectReply> {
    const { replyTo } = this.#job;
    const body = encodeDirectRequest(request);
    return decodeDirectReply(await this.#courier.request(replyTo, body, requestTimeoutMs));
  }
}
