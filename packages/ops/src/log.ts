import type { Log } from "@kvring/core";
import {
  type DestinationStream,
  type LoggerOptions,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";
import { plainLines } from "./plain-lines.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** One readable line instead of one JSON object, for who watches a terminal. */
  readonly pretty?: boolean;
  /** Fields of every line: which process, which id. */
  readonly fields?: object;
}

/** A logger that can be given away for a part, with fields of its own. */
export interface ProcessLog extends Log {
  child(fields: object): ProcessLog;
}

const standardError = 2;

/**
 * Logs to standard error. A line is written when the call returns: written in the background, the
 * last lines of a process that exits came in another order on a busy machine. Nothing
 * logs per request, so the 20 µs a line takes are no part of an answer's time.
 */
export function createLog(options: LogOptions): ProcessLog {
  return logTo(pino.destination({ dest: standardError, sync: true }), options);
}

/** `createLog` over any stream of lines. */
export function logTo(stream: DestinationStream, options: LogOptions): ProcessLog {
  const { level, pretty = false, fields = {} } = options;
  const settings: LoggerOptions = {
    level,
    base: fields,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: serializeError, err: serializeError },
  };
  return pino(settings, pretty ? plainLines(stream) : stream);
}

/** Type, message, stack with causes, and our reason and code; what is not an error as it is. */
function serializeError(error: unknown): unknown {
  return error instanceof Error ? stdSerializers.err(error) : error;
}
