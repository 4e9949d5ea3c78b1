export {
  becomesReady,
  eventually,
  kvringScript,
  metric,
  type Processes,
  startProcesses,
} from "./processes.ts";
export { type ServerProcess, startServer } from "./server-process.ts";
