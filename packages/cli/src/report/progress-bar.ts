import { SingleBar } from "cli-progress";

/** Who is done sooner needs no bar. */
const shownAfterMs = 500;

export interface Progress {
  update(done: number, of: number): void;
  stop(): void;
}

/** On a terminal only: a report that is piped stays clean, and so does a log. */
export function progressBar(): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: "{bar} {percentage} %  {eta_formatted}",
    stream: process.stderr,
  });
  const beganMs = performance.now();
  return {
    update(done: number, of: number): void {
      if (!bar.isActive && performance.now() - beganMs < shownAfterMs) return;
      if (!bar.isActive) bar.start(of, done);
      bar.setTotal(of);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
