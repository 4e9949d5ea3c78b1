import { type Clock, KvringError, type Log, limits } from "@kvring/core";
import { malformed } from "../protobuf/reader.ts";
import { bulkBytesOf } from "./assemblies.ts";
import { ByteBudget } from "./byte-budget.ts";
import { decodeFrame, type Frame, type Hello, protocolVersion } from "./frame.ts";
import { type FrameStream, frameMemory } from "./frame-stream.ts";
import { Lane } from "./lane.ts";
import { NodeSession } from "./node-session.ts";
import type { Operation } from "./operation.ts";
import { decodeOperation } from "./operation-decoder.ts";
import { encodeResult, type Result } from "./result.ts";
import type { ExchangeHandler } from "./session.ts";

export interface ExchangeServerOptions {
  readonly nodeId: string;
  readonly handler: ExchangeHandler;
  readonly log: Log;
  readonly clock: Clock;
  /** The ring the node knows, said in every frame; 0: none yet. */
  readonly ringVersion?: () => number;
  /** Bytes a peer may send on one lane before they are taken in. Default `limits.creditBytes`. */
  readonly windowBytes?: number;
  /** Results that may wait for a peer to read them; beyond, it is cut off. Default 16 MiB. */
  readonly queueBytes?: number;
  /** Values that may wait to be sent to a peer in chunks; beyond, they are refused. Default 256 MiB. */
  readonly transferBytes?: number;
  /** Values that may be arriving in chunks, over all peers. Default 256 MiB. */
  readonly arrivingBytes?: number;
  /** Peers at a time. Default 1,024. */
  readonly maxSessions?: number;
  /** How long a session may have one lane only. Default 10 s. */
  readonly joinTimeoutMs?: number;
  /** How often peers are told that we live, also those that ask nothing. Default 500 ms. */
  readonly beatMs?: number;
}

interface Greeted {
  readonly step: "greeted";
  readonly session: NodeSession;
  readonly lane: Lane<Result>;
}

type Greeting =
  | { readonly step: "awaited" }
  | Greeted
  /** What came was no hello, or it came too late: what follows is passed over. */
  | { readonly step: "refused" };

/** The node's end of all its Exchange streams. */
export class ExchangeServer {
  readonly #options: Required<ExchangeServerOptions>;
  readonly #sessions = new Map<string, NodeSession>();
  readonly #budget: ByteBudget;
  #cancelBeat: (() => void) | undefined;

  constructor(options: ExchangeServerOptions) {
    this.#options = {
      ringVersion: () => 0,
      windowBytes: limits.creditBytes,
      queueBytes: 16 * 1024 * 1024,
      transferBytes: 4 * limits.messageBytes,
      arrivingBytes: 4 * limits.messageBytes,
      maxSessions: 1_024,
      joinTimeoutMs: 10_000,
      beatMs: 500,
      ...options,
    };
    this.#budget = new ByteBudget(this.#options.arrivingBytes);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  accept(stream: FrameStream): void {
    let greeting: Greeting = { step: "awaited" };
    const refuse = (error: KvringError) => {
      greeting = { step: "refused" };
      cancelTimeout();
      stream.end(error);
    };
    const cancelTimeout = this.#options.clock.after(this.#options.joinTimeoutMs, () =>
      refuse(new KvringError("DEADLINE_EXCEEDED", "the stream began without a hello")),
    );
    stream.listen({
      onMessage: (message) => {
        if (greeting.step === "refused") return;
        if (greeting.step === "greeted" && greeting.session.step === "closed") return;
        try {
          const frame = decodeFrame(message, decodeOperation);
          if (greeting.step === "awaited") {
            greeting = this.#greet(stream, frame);
            cancelTimeout();
          } else {
            greeting.lane.received(frame, message.length);
          }
          greeting.session.receive(frame);
          // All that it was asked has been answered, unless it takes longer.
          greeting.lane.flush();
          if (!frame.items.some(bulkBytesOf)) frameMemory.give(message);
        } catch (error) {
          const reported = this.#report(error);
          if (greeting.step === "greeted") greeting.session.close(reported);
          else refuse(reported);
        }
      },
      onEnd: () => {
        cancelTimeout();
        if (greeting.step === "greeted") greeting.session.close(undefined);
      },
    });
  }

  /** Ends all sessions, so that their peers go elsewhere. */
  close(): void {
    const error = new KvringError("DRAINING", `${this.#options.nodeId} is shutting down`);
    for (const session of [...this.#sessions.values()]) session.finish(error);
  }

  #greet(stream: FrameStream, frame: Frame<Operation>): Greeted {
    const hello = checkHello(frame, this.#options.nodeId);
    const { windowBytes, ringVersion, nodeId } = this.#options;
    const session = this.#sessionOf(hello);
    const lane = new Lane<Result>({
      stream,
      encodeItem: encodeResult,
      windowBytes,
      maxWrites: hello.lane === "small" ? 2 : 1,
      ringVersion,
    });
    lane.greet({ ...hello, protocolVersion, peerId: nodeId, creditBytes: windowBytes });
    lane.credit(hello.creditBytes);
    session.join(hello.lane, { lane, end: (error) => stream.end(error) });
    return { step: "greeted", session, lane };
  }

  #sessionOf(hello: Hello): NodeSession {
    const { sessionId, peerId } = hello;
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) {
      if (known.peerId === peerId) return known;
      throw new KvringError("MESSAGE_MALFORMED", "the session belongs to another peer");
    }
    const { maxSessions, handler, log, queueBytes, transferBytes, clock } = this.#options;
    if (this.#sessions.size >= maxSessions) {
      throw new KvringError(
        "QUEUE_FULL",
        `${maxSessions} peers are connected: raise the bound, or connect fewer`,
      );
    }
    const cancelTimeout = clock.after(this.#options.joinTimeoutMs, () => {
      if (session.step !== "joining") return;
      session.close(new KvringError("DEADLINE_EXCEEDED", "the session's other lane did not come"));
    });
    const session = new NodeSession({
      sessionId,
      peerId,
      handler,
      log,
      budget: this.#budget,
      queueBytes,
      transferBytes,
      onClosed: () => {
        cancelTimeout();
        this.#sessions.delete(sessionId);
      },
    });
    this.#sessions.set(sessionId, session);
    this.#beatLater();
    return session;
  }

  /** One timer for all sessions, while there are any. */
  #beatLater(): void {
    const { clock, beatMs } = this.#options;
    this.#cancelBeat ??= clock.after(beatMs, () => {
      this.#cancelBeat = undefined;
      if (this.#sessions.size === 0) return;
      for (const session of this.#sessions.values()) session.beat();
      this.#beatLater();
    });
  }

  #report(thrown: unknown): KvringError {
    const error = KvringError.from(thrown);
    const { log, nodeId } = this.#options;
    log.warn({ nodeId, reason: error.reason }, `a peer is disconnected: ${error.message}`);
    return error;
  }
}

function checkHello(frame: Frame<Operation>, nodeId: string): Hello {
  const { hello } = frame;
  if (hello === undefined) throw malformed("a stream begins with a hello");
  if (hello.protocolVersion !== protocolVersion) {
    throw new KvringError(
      "PROTOCOL_VERSION",
      `${nodeId} speaks version ${protocolVersion} of the Exchange and ${hello.peerId} version ${hello.protocolVersion}: run the same release of kvring on both`,
    );
  }
  if (!isName(hello.sessionId) || !isName(hello.peerId)) {
    throw malformed(`a hello names peer and session, in at most ${limits.nameBytes} bytes`);
  }
  return hello;
}

function isName(text: string): boolean {
  return text !== "" && Buffer.byteLength(text) <= limits.nameBytes;
}
