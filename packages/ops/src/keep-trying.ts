import { KvringError, type Log } from "@kvring/core";

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Does `step` in the background until it succeeds once, with growing pauses: for what a process
 * needs of others that may not be there yet. The returned function ends the trying.
 */
export function keepTrying(what: string, step: () => Promise<void>, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const attempt = async (pauseMs: number): Promise<void> => {
    try {
      await step();
    } catch (error) {
      if (stopped) return;
      const { reason, message } = KvringError.from(error);
      log.warn({ reason, retryMs: pauseMs }, `cannot ${what} yet: ${message}`);
      timer = setTimeout(() => void attempt(Math.min(pauseMs * 2, longestPauseMs)), pauseMs);
    }
  };
  void attempt(firstPauseMs);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
