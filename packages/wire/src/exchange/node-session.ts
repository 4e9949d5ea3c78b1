import { KvringError, type Log, limits } from "@kvring/core";
import { malformed } from "../protobuf/reader.ts";
import { Assemblies, bulkBytesOf } from "./assemblies.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { Frame, LaneName } from "./frame.ts";
import type { Lane } from "./lane.ts";
import type { Found } from "./link.ts";
import { type Operation, operationFields } from "./operation.ts";
import type { ErrorResult, FoundResult, Result } from "./result.ts";
import type {
  BegunAnswer,
  ExchangeHandler,
  ExchangeSession,
  KnownOperation,
  Lent,
} from "./session.ts";

/** One lane of a session with the stream beneath it. */
export interface SessionLane {
  readonly lane: Lane<Result>;
  /** Ends the stream: with a status that says why, or in peace. */
  end(error: KvringError | undefined): void;
}

export interface SessionOptions {
  readonly sessionId: string;
  readonly peerId: string;
  readonly handler: ExchangeHandler;
  readonly log: Log;
  /** For values that arrive in chunks. */
  readonly budget: ByteBudget;
  /** Results that wait for the peer to read them: in frames, and in values to be sent in chunks. */
  readonly queueBytes: number;
  readonly transferBytes: number;
  onClosed(): void;
}

type State =
  | { readonly step: "joining"; readonly lanes: Partial<Record<LaneName, SessionLane>> }
  | { readonly step: "open"; readonly lanes: Readonly<Record<LaneName, SessionLane>> }
  | { readonly step: "closed" };

/** What protects a header and a log line from long sentences. */
const maxSentence = 1_000;

/** The node's end of a session. */
export class NodeSession implements ExchangeSession {
  readonly #options: SessionOptions;
  readonly #assemblies: Assemblies<KnownOperation>;
  #state: State = { step: "joining", lanes: {} };
  #ringVersion = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#assemblies = new Assemblies(options.budget);
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  get peerId(): string {
    return this.#options.peerId;
  }

  get ringVersion(): number {
    return this.#ringVersion;
  }

  get step(): State["step"] {
    return this.#state.step;
  }

  /** Throws when the session has that lane already. */
  join(name: LaneName, lane: SessionLane): void {
    const state = this.#state;
    if (state.step !== "joining" || state.lanes[name] !== undefined) {
      throw new KvringError("MESSAGE_MALFORMED", `the session already has a ${name} lane`);
    }
    const lanes: Partial<Record<LaneName, SessionLane>> = { ...state.lanes, [name]: lane };
    const { small, bulk } = lanes;
    if (small === undefined || bulk === undefined) {
      this.#state = { step: "joining", lanes };
      return;
    }
    this.#state = { step: "open", lanes: { small, bulk } };
    this.#options.handler.opened(this);
  }

  /** Throws what ends the session. */
  receive(frame: Frame<Operation>): void {
    if (this.#state.step === "closed") return;
    if (frame.ringVersion > 0) this.#ringVersion = frame.ringVersion;
    if (this.#state.step === "joining" && (frame.items.length > 0 || frame.chunk !== undefined)) {
      throw new KvringError("MESSAGE_MALFORMED", "operations come after both lanes are joined");
    }
    for (const operation of frame.items) this.#take(operation);
    if (frame.chunk === undefined) return;
    const whole = this.#assemblies.add(frame.chunk);
    if (whole !== undefined) this.#operate(withValue(whole.item, whole.value));
  }

  #take(operation: Operation): void {
    if (operation.kind === "unknown") {
      this.refused(operation.id, unknownOperation(operation.field));
      return;
    }
    const bulkBytes = bulkBytesOf(operation);
    checkInline(operation);
    if (bulkBytes > 0) {
      if (this.#assemblies.begin(operation.id, operation, bulkBytes)) return;
      this.refused(operation.id, noRoom(this.#options.budget.capacityBytes));
      return;
    }
    if (operation.kind === "cancel") this.#lane("bulk")?.dropTransfer(operation.operationId);
    this.#operate(operation);
  }

  #operate(operation: KnownOperation): void {
    try {
      this.#options.handler.operate(this, operation);
    } catch (error) {
      const { log, peerId } = this.#options;
      if (!(error instanceof KvringError)) log.error({ error, peerId }, "an operation failed");
      this.refused(operation.id, KvringError.from(error));
    }
  }

  found(id: number, { bytes, life, release }: Lent, how: Found): void {
    const { waited, stored } = how;
    if (bytes.length <= limits.inlineBytes) {
      this.#answer({ kind: "found", id, entry: bytes, bulkBytes: 0, waited, stored, life });
      release?.();
      return;
    }
    const announcement: FoundResult = {
      kind: "found",
      id,
      entry: none,
      bulkBytes: bytes.length,
      waited,
      stored,
    };
    this.#transfer(announcement, { bytes, life, release });
  }

  missing(id: number): void {
    this.#answer({ kind: "missing", id });
  }

  granted(id: number, token: Uint8Array, asks: number): void {
    this.#answer({ kind: "granted", id, token, asks });
  }

  waiting(id: number): void {
    this.#answer({ kind: "waiting", id });
  }

  failed(id: number, error: KvringError): void {
    this.#answer(errorResult("failed", id, error));
  }

  refused(id: number, error: KvringError): void {
    this.#answer(errorResult("refused", id, error));
  }

  done(id: number, accepted: boolean): void {
    this.#answer({ kind: "done", id, accepted });
  }

  begun(id: number, begun: BegunAnswer | undefined): void {
    const alive = begun !== undefined;
    const remainingMs = Math.max(0, Math.floor(begun?.remainingMs ?? 0));
    const input = begun?.input ?? none;
    if (input.length <= limits.inlineBytes) {
      this.#answer({ kind: "begun", id, alive, input, bulkBytes: 0, remainingMs });
      return;
    }
    this.#transfer(
      { kind: "begun", id, alive, input: none, bulkBytes: input.length, remainingMs },
      { bytes: input },
    );
  }

  /** Says that we live, for a peer that asks nothing. */
  beat(): void {
    this.#lane("small")?.beat();
  }

  /** Closes, after what was answered in this turn. */
  finish(error: KvringError): void {
    this.#lane("small")?.flush();
    this.close(error);
  }

  /** Ends both streams and tells the handler, once. */
  close(error: KvringError | undefined): void {
    const state = this.#state;
    if (state.step === "closed") return;
    this.#state = { step: "closed" };
    this.#assemblies.close();
    for (const { lane, end } of Object.values(state.lanes)) {
      lane.close();
      end(error);
    }
    if (state.step === "open") this.#options.handler.closed(this);
    this.#options.onClosed();
  }

  #answer(result: Result): void {
    const lane = this.#lane("small");
    if (lane === undefined) return;
    lane.push(result);
    if (lane.queuedBytes <= this.#options.queueBytes) return;
    const sentence = `${this.peerId} does not read: ${lane.queuedBytes} bytes of results wait for it, at most ${this.#options.queueBytes} may`;
    this.#options.log.warn({ peerId: this.peerId }, sentence);
    this.close(new KvringError("QUEUE_FULL", sentence));
  }

  #transfer(announcement: Result, { bytes, life, release }: Lent): void {
    const lane = this.#lane("bulk");
    if (lane === undefined) {
      release?.();
      return;
    }
    if (lane.transferBytes + bytes.length > this.#options.transferBytes) {
      release?.();
      this.refused(announcement.id, noRoom(this.#options.transferBytes));
      return;
    }
    lane.transfer({ operationId: announcement.id, announcement, bytes, life, release });
  }

  #lane(name: LaneName): Lane<Result> | undefined {
    return this.#state.step === "open" ? this.#state.lanes[name].lane : undefined;
  }
}

const none = new Uint8Array();

function withValue(operation: KnownOperation, value: Uint8Array): KnownOperation {
  switch (operation.kind) {
    case "put":
      return { ...operation, entry: value };
    case "stage":
      return { ...operation, input: value };
    default:
      return operation;
  }
}

/** A small value is a view on its frame, and would be read past the frame's time if it were sent in chunks. */
function checkInline(operation: KnownOperation): void {
  const value =
    operation.kind === "put"
      ? operation.entry
      : operation.kind === "stage"
        ? operation.input
        : none;
  if (value.length <= limits.inlineBytes) return;
  throw malformed(`a value of more than ${limits.inlineBytes} bytes comes in chunks`);
}

function errorResult(kind: ErrorResult["kind"], id: number, error: KvringError): ErrorResult {
  return { kind, id, reason: error.reason, message: error.message.slice(0, maxSentence) };
}

function unknownOperation(field: number): KvringError {
  const known = Object.entries(operationFields).map(([name, number]) => `${name} (${number})`);
  return new KvringError(
    "UNKNOWN_OPERATION",
    `operation ${field} is not known to this node, which knows ${known.join(", ")}: update it, or ask without`,
  );
}

function noRoom(capacityBytes: number): KvringError {
  return new KvringError(
    "QUEUE_FULL",
    `${capacityBytes} bytes of large values are already under way: ask again later, or send less at a time`,
  );
}
