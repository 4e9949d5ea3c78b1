import type { WrittenRecord } from "./record-codec.ts";
import type { Sequence } from "./records.ts";
import { firstAfter } from "./wake.ts";

/** A record that the log ought to have and, as far as we have read it, has not. */
export interface Need {
  /** Two needs of one name are the same; one append is under way for it at a time. */
  readonly name: string;
  readonly record: WrittenRecord;
  /** Only if the last record of its subject is this one still; undefined: in any case. */
  readonly expectedLast: Sequence | undefined;
}

type Errand =
  | { readonly step: "sent"; readonly messageId: string }
  | { readonly step: "resting"; readonly untilMs: number };

/**
 * Sees to what the log lacks. Whether an append succeeded is not asked: what we read next shows
 * whether the need is still there, and expectations keep what was written twice from counting.
 */
export class Chores {
  /** Invariant: no more than there are needs, and appends under way for past ones. */
  readonly #errands = new Map<string, Errand>();

  /** The needs to see to now. */
  take(
    needs: readonly Need[],
    nowMs: number,
    freshMessageId: () => string,
  ): (Need & { readonly messageId: string })[] {
    const names = new Set(needs.map(({ name }) => name));
    for (const [name, { step }] of this.#errands) {
      if (step === "resting" && !names.has(name)) this.#errands.delete(name);
    }
    const taken: (Need & { readonly messageId: string })[] = [];
    for (const need of needs) {
      const errand = this.#errands.get(need.name);
      if (errand?.step === "sent") continue;
      if (errand?.step === "resting" && nowMs < errand.untilMs) continue;
      const messageId = freshMessageId();
      this.#errands.set(need.name, { step: "sent", messageId });
      taken.push({ ...need, messageId });
    }
    return taken;
  }

  /** An append ended, one way or the other. A need that remains is seen to again after a rest. */
  ended(messageId: string, untilMs: number): void {
    for (const [name, errand] of this.#errands) {
      if (errand.step !== "sent" || errand.messageId !== messageId) continue;
      this.#errands.set(name, { step: "resting", untilMs });
    }
  }

  wakeMs(nowMs: number): number {
    const moments = [...this.#errands.values()].map((errand) =>
      errand.step === "resting" ? errand.untilMs : Number.POSITIVE_INFINITY,
    );
    return firstAfter(nowMs, moments);
  }
}
