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
 * What a reader of standard error may be behind. Beyond it lines are dropped: a terminal that
 * somebody stopped must not stop the cache, which writing synchronously would do.
 */
const bufferBytes = 4 * 1024 * 1024;

/** Logs to standard error. What is buffered is written when the process exits, crashes included. */
export function createLog(options: LogOptions): ProcessLog {
  const stream = pino.destination({ dest: standardError, sync: false, maxLength: bufferBytes });
  return logTo(stream, options);
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
