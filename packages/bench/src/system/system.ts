/** Something that answers inference requests, in processes of its own. */
export interface System {
  readonly name: string;
  /** host:port */
  readonly address: string;
  /** All of its processes, for CPU time and memory. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}
