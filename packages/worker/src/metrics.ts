import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What a worker counts. */
export class WorkerMetrics {
  readonly #computations: Counter<"model">;
  readonly #seconds: Histogram<"model">;
  readonly #batchRows: Histogram<"model">;
  readonly #dropped: Counter<"why">;
  readonly #failed: Counter<"reason">;

  constructor(registry: Registry, sources: { readonly models: () => number }) {
    const registers = [registry];
    this.#computations = new Counter({
      name: "kvring_worker_computations_total",
      help: "Inferences that were run and gave an answer",
      labelNames: ["model"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "kvring_worker_inference_seconds",
      help: "What one inference took inside ONNX Runtime; in a batch, its share",
      labelNames: ["model"],
      buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.#batchRows = new Histogram({
      name: "kvring_worker_batch_rows",
      help: "Rows of the batch that an inference was part of; 1 for one that ran alone",
      labelNames: ["model"],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
    this.#dropped = new Counter({
      name: "kvring_worker_dropped_jobs_total",
      help: "Jobs that were not run, since nobody waited for them any more",
      labelNames: ["why"],
      registers,
    });
    this.#failed = new Counter({
      name: "kvring_worker_failed_jobs_total",
      help: "Jobs that failed, by reason",
      labelNames: ["reason"],
      registers,
    });
    new Gauge({
      name: "kvring_worker_models",
      help: "Model versions that this worker computes",
      registers,
      collect() {
        this.set(sources.models());
      },
    });
  }

  computed(model: string, computeMs: number, batchRows: number): void {
    this.#computations.inc({ model });
    this.#batchRows.observe({ model }, batchRows);
    this.#seconds.observe({ model }, computeMs / 1000);
  }

  dropped(why: "abandoned" | "holder-lost"): void {
    this.#dropped.inc({ why });
  }

  failed(reason: string): void {
    this.#failed.inc({ reason });
  }
}
