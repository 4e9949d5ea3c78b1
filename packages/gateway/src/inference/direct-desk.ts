import { randomBytes } from "node:crypto";
import { type Courier, courierBytes, type Stoppable } from "@kvring/bus";
import { type Clock, KvringError, limits, poisonJob } from "@kvring/core";
import {
  type DirectReply,
  type DirectRequest,
  decodeDirectRequest,
  encodeDirectReply,
} from "@kvring/wire";

/** What a worker may read of a request in one message, with room for the reply's other fields. */
const pieceBytes = courierBytes - 1024;

interface OpenJob {
  readonly message: Uint8Array;
  readonly untilMs: number;
  readonly listener: DirectListener;
  answer: Buffer | undefined;
  received: number;
  /** Workers that began with it. */
  attempts: number;
}

export interface DirectListener {
  /** Header and body, see `encodeEntry`; ours to keep. */
  onAnswer(entry: Uint8Array): void;
  onFailed(error: KvringError): void;
}

/**
 * Where workers deliver what no node knows of: answers to requests that bypass the cache, and to
 * those that came while no node could be reached. The gateway itself holds the input here and
 * hands it out in pieces, so no message of the bus grows with the request.
 */
export class DirectDesk {
  readonly address: string;
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenJob>();
  #served: Stoppable | undefined;

  constructor(gatewayId: string, clock: Clock) {
    this.address = `direct.${gatewayId}`;
    this.#clock = clock;
  }

  async serve(courier: Courier): Promise<void> {
    this.#served = await courier.serve(this.address, async (body) =>
      encodeDirectReply(this.#handle(decodeDirectRequest(body))),
    );
  }

  async stop(): Promise<void> {
    await this.#served?.stop();
  }

  /** Opens a job under a token of its own; closing it tells a worker not to begin. */
  open(
    message: Uint8Array,
    waitMs: number,
    listener: DirectListener,
  ): { readonly token: Uint8Array; close(): void } {
    const token = randomBytes(16);
    const name = token.toString("hex");
    const untilMs = this.#clock.nowMs() + waitMs;
    this.#open.set(name, {
      message,
      untilMs,
      listener,
      answer: undefined,
      received: 0,
      attempts: 0,
    });
    return { token, close: () => this.#open.delete(name) };
  }

  #handle(request: DirectRequest): DirectReply {
    const name = Buffer.from(request.token).toString("hex");
    const job = this.#open.get(name);
    if (job === undefined) return gone;
    const remainingMs = Math.max(0, job.untilMs - this.#clock.nowMs());
    switch (request.kind) {
      case "begin": {
        if (request.offset === 0 && job.attempts++ === limits.attemptsPerJob) {
          this.#open.delete(name);
          job.listener.onFailed(poisonJob());
          return gone;
        }
        const input = job.message.subarray(request.offset, request.offset + pieceBytes);
        return { alive: remainingMs > 0, input, remainingMs };
      }
      case "answer":
        this.#receive(name, job, request);
        return { alive: true, input: nothing, remainingMs };
      case "failure":
        this.#open.delete(name);
        job.listener.onFailed(KvringError.fromWire(request.reason, request.message));
        return { alive: true, input: nothing, remainingMs };
    }
  }

  /** Pieces come in order, each acknowledged before the next; a repeated one changes nothing. */
  #receive(name: string, job: OpenJob, piece: DirectRequest & { kind: "answer" }): void {
    if (
      piece.totalBytes > limits.messageBytes ||
      piece.offset + piece.bytes.length > piece.totalBytes
    ) {
      throw new KvringError(
        "MESSAGE_TOO_LARGE",
        `an answer of ${piece.totalBytes} bytes is refused`,
      );
    }
    if (piece.offset === 0 && job.answer?.length !== piece.totalBytes) {
      job.answer = Buffer.allocUnsafeSlow(piece.totalBytes);
      job.received = 0;
    }
    if (job.answer?.length !== piece.totalBytes || piece.offset !== job.received) return;
    job.answer.set(piece.bytes, piece.offset);
    job.received += piece.bytes.length;
    if (job.received < piece.totalBytes) return;
    this.#open.delete(name);
    try {
      job.listener.onAnswer(job.answer);
    } catch (error) {
      // Bytes that are no entry: nobody else will answer, so nobody has to wait for the deadline.
      job.listener.onFailed(KvringError.from(error));
    }
  }
}

const nothing = new Uint8Array(0);
const gone: DirectReply = Object.freeze({ alive: false, input: nothing, remainingMs: 0 });
