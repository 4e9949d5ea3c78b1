/** Reads the accounting identity off /metrics: requests are the sum of their outcomes. */
import { expect } from "vitest";

const outcomes = ["hit_l1", "hit_node", "coalesced", "miss", "stale", "bypass", "error"];

export interface Accounts {
  /** `kvring_gateway_requests_total` by model. */
  readonly requests: ReadonlyMap<string, number>;
  /** `kvring_gateway_answers_total` by model, then outcome. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export async function readAccounts(http: string): Promise<Accounts> {
  const requests = new Map<string, number>();
  const answers = new Map<string, Map<string, number>>();
  const text = await (await fetch(`http://${http}/metrics`)).text();
  for (const line of text.split("\n")) {
    const [, name, labelled = "", value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const labels = new Map([...labelled.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const model = labels.get("model") ?? "";
    if (name === "kvring_gateway_requests_total") requests.set(model, Number(value));
    if (name !== "kvring_gateway_answers_total") continue;
    const ofModel = answers.get(model) ?? new Map<string, number>();
    answers.set(model, ofModel.set(labels.get("outcome") ?? "", Number(value)));
  }
  return { requests, answers };
}

export const sum = (values: Iterable<number>): number =>
  [...values].reduce((total, value) => total + value, 0);

/** Fails unless every model's requests, and so all, are the sum of the seven outcomes. */
export async function expectBalance(http: string): Promise<Accounts> {
  const accounts = await readAccounts(http);
  expect(sum(accounts.requests.values())).toBeGreaterThan(0);
  expect([...accounts.answers.keys()].sort()).toEqual([...accounts.requests.keys()].sort());
  for (const [model, requests] of accounts.requests) {
    const ofModel = accounts.answers.get(model) ?? new Map<string, number>();
    for (const outcome of ofModel.keys()) expect(outcomes, model).toContain(outcome);
    expect(sum(ofModel.values()), model).toBe(requests);
  }
  return accounts;
}
