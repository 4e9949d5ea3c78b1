import { nowhere, type Position } from "@kvring/core";
import type { AppendReply, AppendRequest, LogServer, Resumption, Stored } from "./log-server.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import type { Appointment } from "./scheduler.ts";

export interface LogTimings {
  /** An attempt to append that was not answered is repeated. */
  readonly attemptMs: number;
  /** After that long an append is given up. */
  readonly appendMs: number;
  /** A reader that hears nothing for so long begins again. */
  readonly silenceMs: number;
}

export interface LogListener {
  onEpoch(epoch: number, before: number): void;
  onRecord(stored: Stored): void;
  /** Records that were not read are gone. */
  onOvertaken(): void;
}

/** What a process keeps between itself and the log: repeated appends, and a reader that resumes. */
export class LogClient {
  readonly #process: Process;
  readonly #network: Network;
  readonly #server: LogServer;
  readonly #timings: LogTimings;
  readonly #listener: LogListener;
  /** Whether records that were erased are passed over in silence; for a mutation. */
  readonly #skipsErased: boolean;
  #session: object = {};
  #isResumed = false;
  #early: Stored[] = [];
  #isStopped = false;
  #heard = false;
  /** The last record passed on that is in order: what the log is asked for when it resumes. */
  #position: Position = nowhere;
  #moment = 0;

  constructor(parts: {
    readonly process: Process;
    readonly network: Network;
    readonly server: LogServer;
    readonly timings: LogTimings;
    readonly listener: LogListener;
    readonly skipsErased: boolean;
  }) {
    this.#process = parts.process;
    this.#network = parts.network;
    this.#server = parts.server;
    this.#timings = parts.timings;
    this.#listener = parts.listener;
    this.#skipsErased = parts.skipsErased;
  }

  /** Begins to read, and to watch over it. */
  start(): void {
    this.resume();
    this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
    this.#server.leave(this.#session);
  }

  /** Reads on after the last record that was passed on. What is under way is for nobody. */
  resume(): void {
    if (this.#isStopped) return;
    this.#server.leave(this.#session);
    const session = {};
    this.#session = session;
    this.#isResumed = false;
    this.#early = [];
    const read = { position: this.#position, moment: this.#moment };
    this.#network.send(this.#process.id, this.#server, () => {
      const push = (stored: Stored): void =>
        this.#network.send(this.#server.readsId, this.#process, () =>
          this.#receive(session, stored),
        );
      const resumption = this.#server.resume(session, read, push);
      this.#network.send(this.#server.readsId, this.#process, () =>
        this.#resumed(session, resumption),
      );
    });
  }

  /** Tells once what became of it: a place, a conflict, or nothing known in time. */
  append(request: AppendRequest, onEnd: (reply: AppendReply | undefined) => void): void {
    let isOver = false;
    const end = (reply: AppendReply | undefined): void => {
      if (isOver) return;
      isOver = true;
      onEnd(reply);
    };
    if (this.#isStopped) return;
    const untilMs = this.#process.nowMs() + this.#timings.appendMs;
    const attempt = (): void => {
      if (isOver) return;
      if (this.#process.nowMs() >= untilMs) {
        end(undefined);
        return;
      }
      this.#network.send(this.#process.id, this.#server, () => {
        const reply = this.#server.append(request);
        this.#network.send(this.#server.id, this.#process, () => end(reply));
      });
      this.#process.after(this.#timings.attemptMs, attempt);
    };
    attempt();
  }

  #watch(): Appointment {
    return this.#process.after(this.#timings.silenceMs, () => {
      if (this.#isStopped) return;
      if (!this.#heard) this.resume();
      this.#heard = false;
      this.#watch();
    });
  }

  #resumed(session: object, { epoch, before, backlog }: Resumption): void {
    if (session !== this.#session) return;
    this.#heard = true;
    this.#isResumed = true;
    if (epoch !== this.#position.epoch) {
      this.#position = { epoch, sequence: before };
      this.#listener.onEpoch(epoch, before);
    } else if (before > this.#position.sequence) {
      if (!this.#skipsErased) {
        this.#listener.onOvertaken();
        return;
      }
      this.#skip(before);
    }
    for (const stored of [...backlog, ...this.#early.splice(0)]) this.#pass(stored);
  }

  #receive(session: object, stored: Stored): void {
    if (session !== this.#session) {
      this.#server.leave(session);
      return;
    }
    // What overtakes the beginning of its session waits for it.
    if (!this.#isResumed) {
      this.#early.push(stored);
      return;
    }
    this.#heard = true;
    this.#pass(stored);
  }

  #pass(stored: Stored): void {
    const { epoch, sequence } = stored.position;
    // Somebody else found out that the log began another life.
    if (epoch !== this.#position.epoch) {
      this.resume();
      return;
    }
    this.#listener.onRecord(stored);
    this.#note(stored, epoch, sequence);
  }

  /** Takes what was erased for nothing that matters. */
  #skip(through: number): void {
    const { epoch } = this.#position;
    for (let sequence = this.#position.sequence + 1; sequence <= through; sequence += 1) {
      const position = { epoch, sequence };
      const moment = this.#moment;
      this.#pass({ position, subject: "", messageId: "", record: { kind: "skipped" }, moment });
    }
  }

  /** The reader itself decides what is next; we only remember how far it got in one piece. */
  #note(stored: Stored, epoch: number, sequence: number): void {
    const next = this.#position.sequence + 1;
    if (sequence !== next) return;
    this.#position = { epoch, sequence };
    this.#moment = stored.moment;
  }
}
