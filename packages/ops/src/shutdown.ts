import type { Log } from "@kvring/core";

export interface ShutdownOptions {
  /** How long the drain may take. Default 10 s, well within Kubernetes' 30. */
  readonly timeoutMs?: number;
  /** Further signals change nothing: somebody else decides when the drain takes too long. */
  readonly isPatient?: boolean;
}

/**
 * Runs the end of a process: the first SIGINT or SIGTERM drains and exits 0, or 1 when the drain
 * failed or ran out of time; a second one exits 1 at once. What nobody caught is logged and exits
 * 1: after it, no invariant is known to hold. The returned function takes all of this back.
 */
export function onShutdown(
  log: Log,
  drain: (signal: NodeJS.Signals) => Promise<void>,
  options: ShutdownOptions = {},
): () => void {
  const { timeoutMs = 10_000, isPatient = false } = options;
  let draining = false;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (draining && isPatient) return;
    if (draining) {
      log.warn({ signal }, "exiting without waiting for the drain");
      process.exit(1);
    }
    draining = true;
    log.info({ signal }, "draining");
    void drained(drain, signal, timeoutMs).then((failure) => {
      if (failure === undefined) log.info({}, "drained");
      else log.error({ error: failure }, "the drain did not end well");
      process.exit(failure === undefined ? 0 : 1);
    });
  };
  const onUncaught = (error: unknown, origin: string): void => {
    log.error({ error, origin }, "nobody caught this");
    process.exit(1);
  };

  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // Rejections without a handler arrive here too, with their origin.
  process.on("uncaughtException", onUncaught);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    process.off("uncaughtException", onUncaught);
  };
}

/** Why the drain failed, if it did. */
async function drained(
  drain: (signal: NodeJS.Signals) => Promise<void>,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<unknown> {
  const { promise: timedOut, resolve } = Promise.withResolvers<Error>();
  const late = new Error(`it took longer than ${timeoutMs} ms`);
  // Keeps the process alive: a drain that waits for nothing that Node counts is not done yet.
  const timer = setTimeout(() => resolve(late), timeoutMs);
  const done = (async () => drain(signal))().then(
    () => undefined,
    (error: unknown) => error ?? new Error("it failed without saying why"),
  );
  return Promise.race([done, timedOut]).finally(() => clearTimeout(timer));
}
