import type { Asker, Waiter } from "./flight.ts";

/** Who waits, by session and operation. */
export class Waiters {
  readonly #sessions = new Map<string, Map<number, Waiter>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  countOf(sessionId: string): number {
    return this.#sessions.get(sessionId)?.size ?? 0;
  }

  find({ sessionId, operationId }: Asker): Waiter | undefined {
    return this.#sessions.get(sessionId)?.get(operationId);
  }

  ofSession(sessionId: string): readonly Waiter[] {
    return [...(this.#sessions.get(sessionId)?.values() ?? [])];
  }

  add(waiter: Waiter): void {
    const { sessionId, operationId } = waiter.asker;
    const ofSession = this.#sessions.get(sessionId);
    if (ofSession === undefined) this.#sessions.set(sessionId, new Map([[operationId, waiter]]));
    else ofSession.set(operationId, waiter);
    this.#size += 1;
  }

  remove({ asker: { sessionId, operationId } }: Waiter): void {
    const ofSession = this.#sessions.get(sessionId);
    if (ofSession?.delete(operationId) !== true) return;
    this.#size -= 1;
    if (ofSession.size === 0) this.#sessions.delete(sessionId);
  }
}
