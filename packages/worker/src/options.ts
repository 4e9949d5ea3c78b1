/** Settings of a worker; all durations in milliseconds. */
export interface WorkerOptions {
  /** Names the process; its id is this and its incarnation. */
  readonly name: string;
  /** The model repository. */
  readonly models: string;
  /** Child processes, and so computations at a time. */
  readonly processes: number;
  /** A replaced artifact goes on answering the jobs that were asked for just before. */
  readonly retireMs: number;
}

export const defaultWorkerOptions: WorkerOptions = Object.freeze({
  name: "worker",
  models: "",
  processes: 1,
  retireMs: 10_000,
});
