export { defaultWorkerOptions, type WorkerOptions } from "./options.ts";
export { startWorker, type WorkerProcess } from "./worker.ts";
