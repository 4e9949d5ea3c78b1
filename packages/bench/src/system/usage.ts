import { readFileSync } from "node:fs";

/** The kernel counts in ticks of 10 ms on every Linux that Node runs on. */
const msPerTick = 10;

/** CPU time of processes and their children so far, user and system, in milliseconds. */
export function cpuMs(pids: readonly number[]): number {
  return withChildren(pids).reduce((sum, pid) => sum + cpuMsOf(pid), 0);
}

/** Resident memory of processes and their children now, in megabytes. */
export function memoryMb(pids: readonly number[]): number {
  const kilobytes = withChildren(pids).map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** A worker's models run in processes of their own. */
function withChildren(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : withChildren(children.split(" ").map(Number)))];
  });
}

function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may contain anything; utime and stime are the 12th and 13th after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}
