import { strict as assert } from "node:assert";
import {
  afterDeath,
  type Clock,
  type Deaths,
  KvringError,
  type Log,
  noDeaths,
  restartMs,
} from "@kvring/core";
import type { Reply, Request } from "../child/messages.ts";
import type { Child, StartChild } from "./child-process.ts";

const startMs = 30_000;

/** One thing for a child to do. */
export interface Task {
  readonly request: Request;
  settle(reply: Reply): void;
  /** The child died over it; `why` completes "the process …". */
  crashed(why: string): void;
}

/** Where a slot gets its work from: what to do next, given what its child holds. */
type NextTask = (held: ReadonlySet<string>) => Task | undefined;

/** A child that answers, with the digests it has sessions for. */
interface Serving {
  readonly child: Child;
  readonly held: Set<string>;
  readonly sinceMs: number;
}

/**
 * Invariant: a child has at most one request unanswered, so when it dies we know what killed it,
 * and nothing else is lost.
 */
type SlotState =
  | { readonly step: "starting"; readonly child: Child; readonly cancel: () => void }
  | { readonly step: "idle"; readonly serving: Serving }
  | { readonly step: "busy"; readonly serving: Serving; readonly task: Task }
  /** Its child died; the next is started after a while. */
  | { readonly step: "resting"; readonly why: string; readonly cancel: () => void }
  | { readonly step: "closing" }
  | { readonly step: "closed" };

export interface SlotOptions {
  readonly start: StartChild;
  readonly next: NextTask;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SlotStatus {
  readonly step: SlotState["step"];
  readonly pid?: number;
  /** What the child is doing, where it is doing something. */
  readonly task?: Request["kind"];
  readonly restarts: number;
}

/** One place for a child process: keeps one running in it and gives it work. */
export class Slot {
  readonly #options: SlotOptions;
  readonly #first = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #deaths: Deaths = noDeaths;
  #restarts = 0;
  #state: SlotState;

  constructor(options: SlotOptions) {
    this.#options = options;
    // Somebody who never asks how the first start went is not to be killed by its failure.
    this.#first.promise.catch(() => {});
    this.#state = this.#starting();
  }

  /** Resolves when the first child answers, rejects with INTERNAL when it dies before that. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  get status(): SlotStatus {
    const state = this.#state;
    const restarts = this.#restarts;
    switch (state.step) {
      case "starting":
        return { step: state.step, pid: state.child.pid, restarts };
      case "idle":
        return { step: state.step, pid: state.serving.child.pid, restarts };
      case "busy": {
        const { serving, task } = state;
        return { step: state.step, pid: serving.child.pid, task: task.request.kind, restarts };
      }
      default:
        return { step: state.step, restarts };
    }
  }

  /** There may be work. */
  wake(): void {
    while (this.#state.step === "idle") {
      const { serving } = this.#state;
      const task = this.#options.next(serving.held);
      if (task === undefined) return;
      this.#give(serving, task);
    }
  }

  /** Kills the child, crashing what it does, and resolves when it is gone. */
  async close(): Promise<void> {
    const state = this.#state;
    switch (state.step) {
      case "starting":
        state.cancel();
        this.#become({ step: "closing" });
        state.child.kill();
        break;
      case "idle":
      case "busy":
        this.#become({ step: "closing" });
        state.serving.child.kill();
        if (state.step === "busy") state.task.crashed("was closed");
        break;
      case "resting":
        state.cancel();
        this.#become({ step: "closed" });
        break;
    }
    await this.#closed.promise;
  }

  #starting(): SlotState {
    const child: Child = this.#options.start({
      onReply: (reply) => this.#answered(reply),
      onExit: (why) => this.#died(why),
    });
    const late = () => child.kill(`was not ready after ${startMs / 1000} s`);
    const cancel = this.#options.clock.after(startMs, late);
    return { step: "starting", child, cancel };
  }

  #give(serving: Serving, task: Task): void {
    try {
      serving.child.send(task.request);
    } catch (error) {
      task.settle({ kind: "failed", error: KvringError.from(error) });
      return;
    }
    this.#become({ step: "busy", serving, task });
  }

  #answered(reply: Reply): void {
    const state = this.#state;
    switch (state.step) {
      case "starting": {
        assert(reply.kind === "ready", "a child first says that it is ready");
        state.cancel();
        const { child } = state;
        const sinceMs = this.#options.clock.nowMs();
        this.#become({ step: "idle", serving: { child, held: new Set(), sinceMs } });
        this.#first.resolve();
        break;
      }
      case "busy": {
        const { serving, task } = state;
        remember(serving.held, task.request, reply);
        this.#become({ step: "idle", serving });
        task.settle(reply);
        break;
      }
      case "closing":
        return;
      default:
        assert.fail(`a child that is ${state.step} was asked nothing and said "${reply.kind}"`);
    }
    this.wake();
  }

  #died(why: string): void {
    const state = this.#state;
    if (state.step === "closing") {
      this.#become({ step: "closed" });
      return;
    }
    if (state.step === "starting") state.cancel();
    this.#first.reject(
      new KvringError("INTERNAL", `a process that runs models cannot be used: it ${why}`),
    );
    this.#deaths = afterDeath(this.#deaths, this.#servedMs());
    const restMs = restartMs(this.#deaths);
    this.#options.log.error({ why, restMs }, "a process that runs models died");
    const cancel = this.#options.clock.after(restMs, () => {
      this.#restarts += 1;
      this.#become(this.#starting());
    });
    this.#become({ step: "resting", why, cancel });
    if (state.step === "busy") state.task.crashed(why);
  }

  #servedMs(): number {
    const state = this.#state;
    if (state.step !== "idle" && state.step !== "busy") return 0;
    return this.#options.clock.nowMs() - state.serving.sinceMs;
  }

  #become(state: SlotState): void {
    this.#state = state;
    if (state.step === "closed") this.#closed.resolve();
  }
}

function remember(held: Set<string>, request: Request, reply: Reply): void {
  if (request.kind === "load" && reply.kind === "loaded") held.add(request.model.digest);
  if (request.kind === "unload" && reply.kind === "unloaded") held.delete(request.digest);
}
