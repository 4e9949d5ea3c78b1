import type { ChildProcess } from "node:child_process";
import {
  afterDeath,
  type Clock,
  type Deaths,
  KvringError,
  type Log,
  noDeaths,
  restartMs,
} from "@kvring/core";
import type { MetricsExport } from "@kvring/ops";
import type { FromMember, ToMember } from "./messages.ts";

const metricsTimeoutMs = 2_000;

type State =
  | { readonly step: "starting"; readonly child: ChildProcess }
  | {
      readonly step: "up";
      readonly child: ChildProcess;
      readonly sinceMs: number;
      readonly addresses: Readonly<Record<string, string>>;
      readonly missing: string;
    }
  /** It died; the next is started after a while. */
  | { readonly step: "resting"; readonly why: string; readonly cancel: () => void }
  | { readonly step: "draining"; readonly child: ChildProcess }
  | { readonly step: "ended" };

export interface SupervisedOptions {
  readonly name: string;
  start(): ChildProcess;
  readonly clock: Clock;
  readonly log: Log;
  /** It says that it will not serve. */
  onRefused(error: KvringError): void;
}

/** One of several processes: kept running until it is drained. */
export class Supervised {
  readonly name: string;
  readonly #options: SupervisedOptions;
  readonly #ended = Promise.withResolvers<void>();
  readonly #questions = new Map<number, (metrics: MetricsExport) => void>();
  #asked = 0;
  #deaths: Deaths = noDeaths;
  #restarts = 0;
  #state: State;

  constructor(options: SupervisedOptions) {
    this.name = options.name;
    this.#options = options;
    this.#state = this.#start();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Where it listens, as soon as it does. */
  get addresses(): Readonly<Record<string, string>> | undefined {
    return this.#state.step === "up" ? this.#state.addresses : undefined;
  }

  /** Why it cannot do its work now; undefined when it can. */
  get missing(): string | undefined {
    const state = this.#state;
    switch (state.step) {
      case "up":
        return state.missing === "" ? undefined : `${this.name}: ${state.missing}`;
      case "resting":
        return `${this.name} ${state.why} and is started again`;
      default:
        return `${this.name} is ${state.step}`;
    }
  }

  /** Undefined: it does not answer now. */
  async metrics(): Promise<MetricsExport | undefined> {
    const state = this.#state;
    if (state.step !== "up") return undefined;
    this.#asked += 1;
    const question = this.#asked;
    const { promise, resolve } = Promise.withResolvers<MetricsExport | undefined>();
    const cancel = this.#options.clock.after(metricsTimeoutMs, () => resolve(undefined));
    this.#questions.set(question, resolve);
    send(state.child, { kind: "metrics", question });
    try {
      return await promise;
    } finally {
      cancel();
      this.#questions.delete(question);
    }
  }

  /** Resolves when it has ended. */
  async drain(): Promise<void> {
    const state = this.#state;
    switch (state.step) {
      case "starting":
        this.#state = { step: "draining", child: state.child };
        // It knows no drain yet.
        state.child.kill("SIGKILL");
        break;
      case "up":
        this.#state = { step: "draining", child: state.child };
        send(state.child, { kind: "drain" });
        break;
      case "resting":
        state.cancel();
        this.#end();
        break;
    }
    await this.#ended.promise;
  }

  #start(): State {
    const child = this.#options.start();
    child.on("message", (message: FromMember) => this.#heard(child, message));
    // One that could not even be started has no exit.
    child.on("error", (error) => this.#died(child, `could not be started: ${error.message}`));
    child.on("exit", (code, signal) =>
      this.#died(child, signal === null ? `exited with ${code}` : `died of ${signal}`),
    );
    return { step: "starting", child };
  }

  #heard(child: ChildProcess, message: FromMember): void {
    const state = this.#state;
    switch (message.kind) {
      case "metrics":
        this.#questions.get(message.question)?.(message.metrics);
        break;
      case "refused":
        this.#options.onRefused(KvringError.fromWire(message.reason, message.message));
        break;
      case "state": {
        if (state.step !== "starting" && state.step !== "up") return;
        const { addresses, missing } = message;
        const sinceMs = state.step === "up" ? state.sinceMs : this.#options.clock.nowMs();
        this.#state = { step: "up", child, sinceMs, addresses, missing };
      }
    }
  }

  #died(child: ChildProcess, why: string): void {
    const state = this.#state;
    if (state.step === "ended" || state.step === "resting" || state.child !== child) return;
    if (state.step === "draining") {
      this.#end();
      return;
    }
    const { clock, log } = this.#options;
    const servedMs = state.step === "up" ? clock.nowMs() - state.sinceMs : 0;
    this.#deaths = afterDeath(this.#deaths, servedMs);
    const inMs = restartMs(this.#deaths);
    log.error({ process: this.name, why, restartMs: inMs }, "a process died");
    const cancel = clock.after(inMs, () => {
      this.#restarts += 1;
      this.#state = this.#start();
    });
    this.#state = { step: "resting", why, cancel };
  }

  #end(): void {
    this.#state = { step: "ended" };
    this.#ended.resolve();
  }
}

function send(child: ChildProcess, message: ToMember): void {
  // One that is dying does not take it; its exit tells.
  if (child.connected) child.send(message, () => {});
}
