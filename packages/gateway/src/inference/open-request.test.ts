import { type KvringError, ManualClock } from "@kvring/core";
import { describe, expect, test, vi } from "vitest";
import type { CheckedRequest } from "./checked-request.ts";
import { OpenRequest } from "./open-request.ts";

const request = { id: "7" } as CheckedRequest;

function openRequest(options: { readonly waitMs?: number; readonly whyLate?: string } = {}) {
  const clock = new ManualClock();
  let cancel: () => void = () => {};
  const finish = vi.fn<(outcome: string, error?: KvringError, answer?: Uint8Array) => void>();
  const call = {
    tenant: "",
    parameters: [],
    remainingMs: undefined,
    onCancel: (listener: () => void) => {
      cancel = listener;
    },
  };
  const open = new OpenRequest(request, call, {
    clock,
    untilMs: options.waitMs ?? 1_000,
    whyLate: () => options.whyLate ?? "",
    finish,
  });
  return { clock, open, finish, cancel: () => cancel() };
}

const answer = Buffer.from("answer");
const failure = (reason: string) => expect.objectContaining({ reason });

describe("an open request", () => {
  test("ends by its answer, and by nothing that comes after it", () => {
    const { clock, open, finish, cancel } = openRequest();
    open.succeed("hit_node", answer);
    open.succeed("miss", answer);
    open.fail({ reason: "INTERNAL" } as KvringError);
    cancel();
    clock.advance(5_000);
    expect(finish.mock.calls).toEqual([["hit_node", undefined, answer]]);
  });

  test("ends by its deadline, saying what its caller should know", () => {
    const { clock, open, finish } = openRequest({ whyLate: '; no live worker holds model "m"' });
    clock.advance(999);
    expect(finish).not.toHaveBeenCalled();
    expect(open.remainingMs()).toBe(1);
    clock.advance(1);
    open.succeed("miss", answer);
    expect(finish.mock.calls).toEqual([["error", failure("DEADLINE_EXCEEDED"), undefined]]);
    const message = finish.mock.calls[0]?.[1]?.message;
    expect(message).toBe(
      'the answer was not there before the deadline; no live worker holds model "m"',
    );
    expect(open.remainingMs()).toBe(0);
  });

  test("ends when its client cancels", () => {
    const { clock, finish, cancel } = openRequest();
    cancel();
    cancel();
    clock.advance(5_000);
    expect(finish.mock.calls).toEqual([["error", failure("CANCELLED"), undefined]]);
  });

  test("whose time was over before it began ends on the next tick of the clock", () => {
    const { clock, open, finish } = openRequest({ waitMs: -5 });
    expect(open.remainingMs()).toBe(0);
    clock.advance(0);
    expect(finish.mock.calls).toEqual([["error", failure("DEADLINE_EXCEEDED"), undefined]]);
  });

  test("lets go of what was under way, before the caller hears of the end", () => {
    const { open, finish } = openRequest();
    const order: string[] = [];
    finish.mockImplementation(() => order.push("finish"));
    open.onEnd(() => order.push("first"));
    open.onEnd(() => order.push("second"));
    open.succeed("miss", answer);
    expect(order).toEqual(["first", "second", "finish"]);
    open.onEnd(() => order.push("late"));
    expect(order).toEqual(["first", "second", "finish", "late"]);
  });

  test("ends once, also when letting go ends it again", () => {
    const { open, finish } = openRequest();
    open.onEnd(() => open.fail({ reason: "LINK_LOST" } as KvringError));
    open.succeed("coalesced", answer);
    expect(finish.mock.calls).toEqual([["coalesced", undefined, answer]]);
  });
});
