import type { Clock, Log } from "@kvring/core";

/** Nodes that start together join one after another, and one that restarts is back by then. */
const patienceMs = 30_000;

/** Tells people when there are fewer nodes than each key is to be kept on, and when there are enough. */
export class ReplicaCheck {
  readonly #parts: { readonly replicas: number; readonly clock: Clock; readonly log: Log };
  #nodes = 0;
  #state: "enough" | "waiting" | "told" = "enough";
  #cancel = () => {};

  constructor(parts: { readonly replicas: number; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  /** The ring has so many nodes now. */
  follow(nodes: number): void {
    const { replicas, clock, log } = this.#parts;
    this.#nodes = nodes;
    if (nodes >= replicas) {
      this.#cancel();
      if (this.#state === "told") log.info({ nodes, replicas }, "keys are on as many nodes again");
      this.#state = "enough";
    } else if (this.#state === "enough") {
      this.#state = "waiting";
      this.#cancel = clock.after(patienceMs, () => this.#tell());
    }
  }

  stop(): void {
    this.#cancel();
  }

  #tell(): void {
    const { replicas, log } = this.#parts;
    this.#state = "told";
    log.warn(
      { nodes: this.#nodes, replicas },
      "there are fewer nodes than --replicas: a key is on all there are, and when the last of them " +
        "dies it is computed again. Start more nodes, or lower --replicas",
    );
  }
}
