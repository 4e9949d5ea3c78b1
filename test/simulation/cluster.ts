import {
  type CoherenceEvent,
  type CoherenceOptions,
  defaultCoherenceOptions,
  type Effect,
  type Rules,
} from "@kvring/coherence";
import type { ScopeId } from "@kvring/core";
import type { Entry } from "./entry.ts";
import { Front } from "./front.ts";
import { Gateway } from "./gateway.ts";
import { JobQueue } from "./job-queue.ts";
import { LogClient, type LogListener } from "./log-client.ts";
import { LogServer } from "./log-server.ts";
import { Network } from "./network.ts";
import { CacheNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import { Process } from "./process.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Truth } from "./truth.ts";
import { Worker } from "./worker.ts";

/** What a mutation may change outside the rules. */
export interface Habits {
  /** A restarted gateway goes by the id that it had. */
  readonly keepsId: boolean;
  /** Readers pass over records that were erased as if there had been none. */
  readonly skipsErased: boolean;
  /** What puts a gateway into the roster comes late. */
  readonly joinsLate: boolean;
}

export interface Running {
  readonly gateway: Gateway;
  readonly front: Front;
}

/** A place for one gateway after the other: what survives a life of the process's core. */
interface GatewayPlace {
  readonly name: string;
  readonly nearCache: Map<string, Entry>;
  current: Running;
}

/** Is told what happens: to follow one run with the eye. */
export type Trace = (atMs: number, who: string, what: CoherenceEvent | Effect) => void;

/** An invalidation that somebody waits for. */
interface Call {
  readonly gateway: Gateway;
  readonly scopes: readonly ScopeId[];
  readonly startedMs: number;
  readonly onEnd: (isOk: boolean) => void;
}

/** The patience of those who invalidate. */
const callMs = 2_500;
/** Of D: what gateways that do not agree about it propose. */
const ownTerms = [0.5, 1, 1.5] as const;

const logTimings = { attemptMs: 60, appendMs: 250, silenceMs: 220 };

/** Everything that runs, and how to start it again. */
export class Cluster {
  readonly plan: Plan;
  readonly random: Random;
  readonly scheduler = new Scheduler();
  readonly truth = new Truth();
  readonly network: Network;
  readonly log: LogServer;
  readonly queue: JobQueue;
  readonly nodes: { current: CacheNode }[] = [];
  readonly workers: { current: Worker }[] = [];
  readonly places: GatewayPlace[] = [];
  /** Gateways whose place was taken while they still run. */
  readonly replaced: Running[] = [];
  /** By model: the artifact that ought to answer. */
  readonly artifacts: number[];
  readonly #rules: Rules;
  readonly #habits: Habits;
  readonly #calls = new Map<number, Call>();
  readonly #trace: Trace;
  #ids = 0;

  constructor(plan: Plan, rules: Rules, habits: Habits, trace: Trace) {
    this.#trace = trace;
    this.plan = plan;
    this.#rules = rules;
    this.#habits = habits;
    // Not the plan's numbers again: the run must not depend on how many it took to draw the plan.
    this.random = new Random(plan.seed + 0.5 * 2 ** 32);
    const { scheduler, random, truth } = this;
    this.network = new Network(scheduler, random, plan.network);
    this.log = new LogServer({ scheduler, random, events: truth, dedupeMs: plan.dedupeMs });
    this.artifacts = Array.from({ length: plan.models }, () => 1);
    for (let index = 0; index < plan.nodes; index += 1) this.startNode(index);
    for (let index = 0; index < plan.workers; index += 1) this.startWorker(index);
    const { network, log, workers } = this;
    this.queue = new JobQueue({ scheduler, random, network, log, workers });
    for (let index = 0; index < plan.gateways; index += 1) this.startGateway(index);
  }

  /** All gateways that run, in and out of place. */
  get running(): Running[] {
    return [...this.places.map(({ current }) => current), ...this.replaced].filter(
      ({ gateway }) => !gateway.process.isDead,
    );
  }

  freshId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  startNode(index: number): void {
    const process = this.#process(`node-${index}`);
    const { network, truth } = this;
    const node = new CacheNode({
      process,
      network,
      rules: this.#rules,
      truth,
      tokenMs: 250,
      firstToken: 1_000_000 * this.freshId(),
    });
    const place = this.nodes[index];
    if (place === undefined) this.nodes.push({ current: node });
    else place.current = node;
    for (const { front } of this.running) front.setView(this.nodes.map(({ current }) => current));
  }

  startWorker(index: number): void {
    const process = this.#process(`worker-${index}`);
    const { random, artifacts } = this;
    const { computeMs } = this.plan;
    const worker = new Worker({ process, rules: this.#rules, random, computeMs, artifacts });
    worker.attach(
      this.#logClient(process, {
        onEpoch: (epoch, before) => worker.onEpoch(epoch, before),
        onRecord: (stored) => worker.onRecord(stored),
        onOvertaken: () => this.restartWorker(index),
      }),
    );
    const place = this.workers[index];
    if (place === undefined) this.workers.push({ current: worker });
    else place.current = worker;
  }

  restartWorker(index: number): void {
    this.workers[index]?.current.die();
    this.startWorker(index);
  }

  /** In a place that is empty, or whose gateway goes on without it. */
  startGateway(index: number): void {
    const place = this.places[index];
    const name = place?.name ?? `gw-${index}`;
    const nearCache = place?.nearCache ?? new Map<string, Entry>();
    const current = this.#startGateway(index, name, nearCache);
    if (place === undefined) this.places.push({ name, nearCache, current });
    else place.current = current;
  }

  /** The process is gone, with what it remembered. */
  killGateway(running: Running): void {
    running.gateway.die();
    running.front.onDeath();
    for (const [call, { gateway }] of this.#calls) {
      if (gateway === running.gateway) this.#endCall(call, false);
    }
    for (const place of this.places) if (place.current === running) place.nearCache.clear();
  }

  /** Begins when it reaches the gateway. */
  invalidate(
    { gateway }: Running,
    scopes: readonly ScopeId[],
    isBroad: boolean,
    onEnd: (isOk: boolean) => void,
  ): void {
    const call = this.freshId();
    const startedMs = gateway.process.nowMs();
    this.#calls.set(call, { gateway, scopes, startedMs, onEnd });
    gateway.invalidate(call, scopes, isBroad, callMs);
  }

  #endCall(call: number, isOk: boolean): void {
    const ended = this.#calls.get(call);
    this.#calls.delete(call);
    if (ended === undefined) return;
    const { process } = ended.gateway;
    const tookMs = process.nowMs() - ended.startedMs;
    if (tookMs > callMs + 1 && !process.isDead && process.resumedMs <= ended.startedMs) {
      this.truth.violated(`an invalidation took ${tookMs} of ${callMs} ms at ${process.id}`);
    }
    ended.onEnd(isOk);
  }

  #process(id: string): Process {
    const { drift } = this.plan.terms;
    // Rather at the ends: there clocks differ most.
    const lean = this.random.pick([-0.999, -0.999, 0, 0.999, 0.999]);
    return new Process(id, this.scheduler, 1 + drift * lean, this.random.between(0, 1e6));
  }

  #logClient(process: Process, listener: LogListener): LogClient {
    const { network, log: server } = this;
    const { skipsErased } = this.#habits;
    return new LogClient({ process, network, server, timings: logTimings, listener, skipsErased });
  }

  #options(name: string): CoherenceOptions {
    const { plan } = this;
    const incarnation = this.#habits.keepsId ? "" : `-${this.freshId()}`;
    const factor = plan.hasOwnTerms ? this.random.pick(ownTerms) : 1;
    return {
      ...defaultCoherenceOptions,
      id: `${name}${incarnation}`,
      terms: { ...plan.terms, waitMs: plan.terms.waitMs * factor },
      formerWaitMs: plan.terms.waitMs * (plan.hasOwnTerms ? Math.max(...ownTerms) : 1),
      renewEveryMs: plan.renewEveryMs * factor,
      retryMs: plan.retryMs,
      evictAfterMs: plan.evictAfterMs * factor,
      checkpointEvery: plan.checkpointEvery,
      scopes: plan.tableScopes,
      reservedScopes: 3,
      entryTtlMs: 3_000,
    };
  }

  #startGateway(index: number, name: string, nearCache: Map<string, Entry>): Running {
    const options = this.#options(name);
    const process = this.#process(options.id);
    const { network, log, truth, random, queue } = this;
    const gateway: Gateway = new Gateway({
      process,
      network,
      options,
      rules: this.#rules,
      joinsLate: this.#habits.joinsLate,
      links: {
        find: (id) => this.running.flatMap((one) => (one.gateway.id === id ? [one.gateway] : [])),
        purge: (from, through) => network.send(from.id, log, () => log.purge(through)),
        onLeased: () => front.onLeased(),
        onInvalidated: (call, position) => {
          truth.onOk(this.#calls.get(call)?.scopes ?? [], position);
          this.#endCall(call, true);
        },
        onNotInvalidated: (call) => this.#endCall(call, false),
        trace: (who, what) => this.#trace(this.scheduler.nowMs, who, what),
        onEnded: () => {
          front.onEnded();
          process.after(20, () => this.#succeed(index, gateway));
        },
      },
    });
    const front: Front = new Front({
      gateway,
      network,
      random,
      truth,
      log,
      queue,
      nodes: this.nodes.map(({ current }) => current),
      replicas: this.plan.replicas,
      deadlineMs: this.plan.requestDeadlineMs,
      nearCache,
      catalog: [...this.artifacts],
      freshId: () => this.freshId(),
    });
    gateway.attach(this.#logClient(process, gateway));
    return { gateway, front };
  }

  /** A core that is done is followed by another, in the same process as it were. */
  #succeed(index: number, gateway: Gateway): void {
    const place = this.places[index];
    if (place?.current.gateway === gateway) this.startGateway(index);
  }
}
