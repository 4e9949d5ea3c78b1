import type { Position } from "@kvring/core";
import { Ask, type Dispatch, type Outcome, type Question } from "./ask.ts";
import type { Entry } from "./entry.ts";
import { Flights } from "./flights.ts";
import type { Gateway } from "./gateway.ts";
import type { Job, JobQueue } from "./job-queue.ts";
import type { LogServer } from "./log-server.ts";
import type { Network } from "./network.ts";
import type { CacheNode } from "./node.ts";
import { NodeLinks } from "./node-links.ts";
import type { Random } from "./random.ts";
import type { Truth } from "./truth.ts";

const reactionMs = 40;
const patienceMs = 350;
const publishEveryMs = 60;

export interface FrontParts {
  readonly gateway: Gateway;
  readonly network: Network;
  readonly random: Random;
  readonly truth: Truth;
  readonly log: LogServer;
  readonly queue: JobQueue;
  readonly nodes: readonly CacheNode[];
  readonly replicas: number;
  readonly deadlineMs: number;
  readonly nearCache: Map<string, Entry>;
  /** By model, the artifact that this gateway takes for the active one. */
  readonly catalog: number[];
  freshId(): number;
}

/** The way of requests through a gateway: near cache, flights, owners, computation, delivery. */
export class Front {
  readonly #parts: FrontParts;
  readonly #flights = new Flights();
  readonly #links: NodeLinks;
  #waiting: Ask[] = [];
  readonly #open = new Set<Ask>();

  constructor(parts: FrontParts) {
    const { gateway, network, replicas, nodes } = parts;
    this.#parts = parts;
    this.#links = new NodeLinks(gateway.process, network, replicas, nodes);
  }

  /** The catalog comes to this gateway. */
  learn(model: number, artifact: number): void {
    this.#parts.catalog[model] = Math.max(artifact, this.#parts.catalog[model] ?? 0);
  }

  setView(view: readonly CacheNode[]): void {
    this.#links.setView(view);
  }

  ask(question: Question, onEnd: (outcome: Outcome) => void): void {
    const { truth, deadlineMs } = this.#parts;
    const startedMs = this.#process.nowMs();
    const ask = new Ask(question, truth.confirmed, (outcome) => {
      this.#open.delete(ask);
      for (const follower of this.#flights.disband(ask)) this.#redispatch(follower);
      this.#judgeTime(startedMs, outcome);
      onEnd(outcome);
    });
    this.#open.add(ask);
    this.#process.after(deadlineMs, () => ask.end("late"));
    this.#admit(ask);
  }

  /** Unless it is paused or dies, a gateway says something in time. */
  #judgeTime(startedMs: number, outcome: Outcome): void {
    const { truth, deadlineMs, gateway } = this.#parts;
    const tookMs = this.#process.nowMs() - startedMs;
    const isExcused = outcome === "lost" || this.#process.resumedMs > startedMs;
    if (tookMs <= deadlineMs + 1 || isExcused) return;
    truth.violated(`a request took ${tookMs} of ${deadlineMs} ms at ${gateway.id}`);
  }

  /** Whoever waits for a lease gets it now, or goes on waiting. */
  onLeased(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const ask of waiting) this.#admit(ask);
  }

  /** The gateway is done: who was not admitted yet goes elsewhere. */
  onEnded(): void {
    for (const ask of this.#waiting) ask.end("lost");
    this.#waiting = [];
  }

  onDeath(): void {
    this.#flights.clear();
    for (const ask of [...this.#open]) ask.end("lost");
  }

  get #process() {
    return this.#parts.gateway.process;
  }

  get #admission() {
    return this.#parts.gateway.core.admission;
  }

  #admit(ask: Ask): void {
    if (ask.isOver) return;
    if (this.#parts.gateway.core.standing.kind === "ended") {
      ask.end("lost");
      return;
    }
    ask.admitted = this.#admission.admit(this.#process.nowMs());
    if (ask.admitted === undefined) this.#waiting.push(ask);
    else this.#dispatch(ask, ask.admitted);
  }

  #dispatch(ask: Ask, admitted: Position): void {
    const { gateway, catalog, nearCache } = this.#parts;
    const { question, scopes, tagScopes } = ask;
    const born = gateway.core.position;
    const artifact = catalog[question.model] ?? 0;
    const key = `${question.key}/${artifact}`;
    // What was born at the admission or later is right for this request whatever happens. The
    // second time nothing less is asked for, or constant invalidation would keep it waiting.
    const minBorn = ask.dispatches === 0 ? this.#admission.minBorn(scopes) : admitted;
    ask.dispatch = { born, artifact, key, minBorn };
    ask.dispatches += 1;
    const near = nearCache.get(key);
    if (near !== undefined && this.#admission.mayDeliver(near, tagScopes, admitted)) {
      this.#answer(ask, artifact, near, "near-hit");
      return;
    }
    const flight = this.#flights.get(key);
    const joint = [...scopes, ...(flight?.scopes ?? [])];
    if (flight !== undefined && this.#admission.mayJoin(joint, flight.born)) {
      flight.joined.push(ask);
      ask.turnTo(undefined);
      this.#wait(ask, patienceMs, () => this.#redispatch(ask));
      return;
    }
    this.#askOwner(ask, ask.dispatch, 0);
    if (this.#parts.random.chance(0.15)) this.#hedge(ask, ask.dispatch);
  }

  /**
   * In another life of the log it has to be admitted anew: until there is a lease, our place in it
   * may be one from which invalidations that have long returned OK are still to be read.
   */
  #redispatch(ask: Ask): void {
    if (ask.isOver || ask.admitted === undefined) return;
    const { epoch } = this.#parts.gateway.core.position;
    if (epoch === ask.admitted.epoch) this.#dispatch(ask, ask.admitted);
    else this.#admit(ask);
  }

  #wait(ask: Ask, waitMs: number, then: () => void): void {
    ask.setTimer(this.#process.after(waitMs, then));
  }

  #owners({ question }: Ask): readonly CacheNode[] {
    return this.#links.owners(question.key);
  }

  /** The owners in turn, and after the last one a computation that no node knows of. */
  #askOwner(ask: Ask, dispatch: Dispatch, index: number): void {
    const node = this.#owners(ask)[index];
    if (node === undefined) {
      this.#computeDirectly(ask, dispatch);
      return;
    }
    const { random, deadlineMs } = this.#parts;
    const next = (): void => this.#askOwner(ask, dispatch, index + 1);
    let how: Outcome = "node-hit";
    const cancel = this.#links.lookup(node, dispatch, deadlineMs, (answer) => {
      const isLate = ask.isOver || ask.turn !== turn;
      if (isLate && answer.kind === "granted") this.#links.release(node, dispatch, answer.token);
      if (isLate) return;
      switch (answer.kind) {
        case "found":
          if (index > 0 && random.chance(0.5)) this.#repair(ask, dispatch, answer.entry);
          return this.#found(ask, dispatch, answer.entry, how);
        case "missing":
          return next();
        case "waiting":
          how = "joined";
          return this.#wait(ask, patienceMs, next);
        case "granted":
          how = "computed";
          this.#wait(ask, patienceMs, next);
          return this.#compute(ask, dispatch, node, answer.token);
      }
    });
    const turn = ask.turnTo(cancel);
    this.#wait(ask, reactionMs, next);
  }

  /** The second owner is asked beside the first, for what it has: it never computes for us. */
  #hedge(ask: Ask, dispatch: Dispatch): void {
    const node = this.#owners(ask)[1];
    if (node === undefined) return;
    this.#links.lookup(node, dispatch, 0, (answer) => {
      if (ask.isOver || ask.dispatch !== dispatch || answer.kind !== "found") return;
      if (!this.#mayDeliver(ask, answer.entry)) return;
      this.#answer(ask, dispatch.artifact, answer.entry, "node-hit");
    });
  }

  #repair(ask: Ask, dispatch: Dispatch, entry: Entry): void {
    const [primary] = this.#owners(ask);
    if (primary !== undefined) this.#links.repair(primary, dispatch, entry);
  }

  /** Under a fill token: the answer goes to the owners, who wake whoever waits for it there. */
  #compute(ask: Ask, dispatch: Dispatch, node: CacheNode, token: number): void {
    const { network } = this.#parts;
    const others = this.#owners(ask).filter((owner) => owner !== node);
    const { key } = dispatch;
    const left = this.#flights.begin(ask, dispatch);
    for (const follower of left) if (follower !== ask) this.#redispatch(follower);
    this.#publish(ask, dispatch, `${node.process.id}.${token}`, (entry, from) => {
      const put = (owner: CacheNode, under: number | undefined): void =>
        network.send(from, owner.process, () => owner.put(key, entry, under));
      put(node, token);
      for (const owner of others) put(owner, undefined);
    });
  }

  /** No node can be asked: the worker answers us, and nobody else. */
  #computeDirectly(ask: Ask, dispatch: Dispatch): void {
    const { network, freshId } = this.#parts;
    ask.turnTo(undefined);
    this.#wait(ask, patienceMs, () => this.#redispatch(ask));
    this.#publish(ask, dispatch, `direct.${freshId()}`, (entry, from) =>
      network.send(from, this.#process, () => {
        if (!ask.isOver) this.#found(ask, dispatch, entry, "computed");
      }),
    );
  }

  /** Until the request is over, or moves on: a repeated publication is the same job. */
  #publish(ask: Ask, dispatch: Dispatch, token: string, deliver: Job["deliver"]): void {
    const { network, log, queue } = this.#parts;
    const { born, key, artifact } = dispatch;
    const { model } = ask.question;
    const messageId = `${key} ${token} ${born.epoch}:${born.sequence}`;
    const job = { messageId, key, model, artifact, born, scopes: ask.scopes, deliver };
    const { turn } = ask;
    const attempt = (left: number): void => {
      if (left === 0 || ask.isOver || ask.turn !== turn) return;
      network.send(this.#process.id, log, () => queue.publish(job));
      this.#process.after(publishEveryMs, () => attempt(left - 1));
    };
    attempt(4);
  }

  #mayDeliver(ask: Ask, entry: Entry): boolean {
    const { admitted, tagScopes } = ask;
    return admitted !== undefined && this.#admission.mayDeliver(entry, tagScopes, admitted);
  }

  #found(ask: Ask, dispatch: Dispatch, entry: Entry, how: Outcome): void {
    const { served, left } = this.#flights.land(dispatch, entry);
    for (const one of served) this.#answer(one, dispatch.artifact, entry, "joined");
    for (const one of left) this.#redispatch(one);
    if (!this.#mayDeliver(ask, entry)) {
      this.#redispatch(ask);
      return;
    }
    if (this.#admission.isCurrent(entry, [])) this.#parts.nearCache.set(dispatch.key, entry);
    this.#answer(ask, dispatch.artifact, entry, how);
  }

  #answer(ask: Ask, artifact: number, entry: Entry, how: Outcome): void {
    const { admitted, confirmed, scopes } = ask;
    if (admitted === undefined) return;
    const question = { confirmed, scopes, artifact, epoch: admitted.epoch };
    this.#parts.truth.onAnswer(question, entry.scopes, entry.value, how);
    ask.end(how);
  }
}
