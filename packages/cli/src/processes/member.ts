import type { KvringError, Log } from "@kvring/core";
import { type Check, exportMetrics, type Metrics, onShutdown } from "@kvring/ops";
import type { FromMember, ToMember } from "./messages.ts";

/** How often it is looked whether what was told of us still holds. */
const lookMs = 50;

let isOne = false;

/** This process is one of several, started by a supervisor. */
export function becomeMember(): void {
  isOne = true;
}

export function isMember(): boolean {
  return isOne;
}

/**
 * Serves as one of several: no port for operators and no ready line of its own, its state and its
 * metrics go to the supervisor. Drains when that says so, or is gone, or at a signal: a terminal's
 * ^C reaches us all.
 */
export function serveAsMember(parts: {
  readonly name: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
  readonly refusal: () => KvringError | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly drain: () => Promise<void>;
  readonly drainMs: number;
}): void {
  const { name, addresses, checks, refusal, metrics, log, drain, drainMs } = parts;
  onShutdown(log, drain, { isPatient: true, timeoutMs: drainMs });
  const end = (): void => {
    process.kill(process.pid, "SIGTERM");
  };
  process.on("disconnect", end);
  process.on("message", (message: ToMember) => {
    if (message.kind === "drain") end();
    else void answer(message.question);
  });
  const answer = async (question: number): Promise<void> => {
    tell({ kind: "metrics", question, metrics: await exportMetrics(metrics.registry, name) });
  };
  let told: string | undefined;
  setInterval(() => {
    const refused = refusal();
    if (refused !== undefined) {
      tellRefusal(refused);
      end();
    }
    const missing = checks.flatMap((check) => check.failing() ?? []).join("; ");
    if (missing === told) return;
    told = missing;
    tell({ kind: "state", addresses, missing });
  }, lookMs);
}

export function tellRefusal({ reason, message }: KvringError): void {
  tell({ kind: "refused", reason, message });
}

function tell(message: FromMember): void {
  // The supervisor may be gone; then we drain, and owe it nothing.
  if (process.connected) process.send?.(message, () => {});
}
