import type { Position, ScopeId } from "@kvring/core";
import type { Stored } from "./log-server.ts";

/** What a computation saw, as an answer carries it. */
export interface Value {
  /** The moment of the log up to which the worker's data had come when it began. */
  readonly moment: number;
  readonly artifact: number;
}

/** A request, as far as the promise is concerned. */
export interface Question {
  /** How many invalidations had returned OK before it started. */
  readonly confirmed: number;
  readonly scopes: readonly ScopeId[];
  /** The artifact that its key names. */
  readonly artifact: number;
  /** The life of the log that its gateway was in when it admitted the request. */
  readonly epoch: number;
}

interface Committed {
  readonly moment: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly scopes: readonly ScopeId[];
  /** The log lost it, or had lost records before it, and nobody had noticed: see `Truth`. */
  isVoid: boolean;
}

interface Ok {
  readonly order: number;
  readonly record: Committed;
}

/**
 * Knows what no process does: what was when. Judges every answer.
 *
 * That the log keeps what it acknowledged is an assumption of the promise. If it loses its end all
 * the same, invalidations that were lost, and those written or erased until somebody notices, bind
 * only gateways that are in the new life of the log.
 */
export class Truth {
  readonly violations: string[] = [];
  /** By place; a damaged log may have several at one, the last one last. */
  readonly #committed = new Map<string, Committed[]>();
  readonly #oks = new Map<ScopeId, Ok[]>();
  readonly #latest = new Map<ScopeId, number>();
  #okCount = 0;
  #damaged = false;

  get confirmed(): number {
    return this.#okCount;
  }

  violated(what: string): void {
    this.violations.push(what);
  }

  onCommit({ position, record, moment }: Stored): void {
    if (record.kind !== "invalidation") return;
    const { epoch, sequence } = position;
    const { scopes } = record;
    const isVoid = this.#damaged;
    const committed = { moment, epoch, sequence, scopes, isVoid };
    const place = `${epoch}:${sequence}`;
    this.#committed.set(place, [...(this.#committed.get(place) ?? []), committed]);
  }

  /** After damage, the checkpoint that was to stand for the erased records may be lost itself. */
  onPurge(epoch: number, through: number): void {
    if (!this.#damaged) return;
    for (const record of [...this.#committed.values()].flat()) {
      if (record.epoch === epoch && record.sequence <= through) record.isVoid = true;
    }
  }

  onDamage(epoch: number, kept: number): void {
    this.#damaged = true;
    for (const record of [...this.#committed.values()].flat()) {
      if (record.epoch === epoch && record.sequence > kept) record.isVoid = true;
    }
  }

  onRenewal(records: readonly Stored[]): void {
    this.#damaged = false;
    for (const stored of records) this.onCommit(stored);
  }

  /** An invalidation returns OK. */
  onOk(scopes: readonly ScopeId[], { epoch, sequence }: Position): void {
    const record = this.#committed
      .get(`${epoch}:${sequence}`)
      ?.findLast((one) => scopes.every((scope) => one.scopes.includes(scope)));
    if (record === undefined) {
      this.violated(`OK for [${scopes}] at ${epoch}:${sequence}, where no record says so`);
      return;
    }
    const order = this.#okCount;
    this.#okCount += 1;
    for (const scope of scopes) {
      const oks = this.#oks.get(scope);
      if (oks === undefined) this.#oks.set(scope, [{ order, record }]);
      else oks.push({ order, record });
      const latest = this.#latest.get(scope) ?? 0;
      if (record.moment > latest) this.#latest.set(scope, record.moment);
    }
  }

  /** An answer is given. */
  onAnswer(question: Question, scopes: readonly ScopeId[], value: Value, how: string): void {
    if (value.artifact !== question.artifact) {
      this.violated(`artifact ${value.artifact} answered for ${question.artifact} (${how})`);
    }
    for (const scope of question.scopes) this.#judge(question, scope, value, how);
    for (const scope of scopes) this.#judge(question, scope, value, how);
  }

  #judge(question: Question, scope: ScopeId, value: Value, how: string): void {
    if ((this.#latest.get(scope) ?? 0) <= value.moment) return;
    for (const { order, record } of this.#oks.get(scope) ?? []) {
      if (order >= question.confirmed) return;
      if (record.moment <= value.moment) continue;
      if (record.isVoid && record.epoch === question.epoch) continue;
      this.violated(
        `stale (${how}): computed at moment ${value.moment}, scope ${scope} was invalidated at ${record.moment}`,
      );
      return;
    }
  }
}
