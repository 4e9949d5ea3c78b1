import type { DestinationStream } from "pino";

/** Turns pino's JSON into lines for people: `12:30:01.250 info  cluster: node joined node=node-1`. */
export function plainLines(stream: DestinationStream): DestinationStream {
  return { write: (line) => stream.write(plainLine(line)) };
}

function plainLine(line: string): string {
  const { time, level, msg, error, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice("2026-11-24T".length, -1);
  const parts = [clock, String(level).padEnd(5), printable(String(msg ?? ""))];
  for (const [name, value] of Object.entries(fields)) parts.push(`${name}=${plainValue(value)}`);
  const failure = failureOf(error ?? err);
  if (failure === undefined) return `${parts.join(" ")}\n`;
  parts.push(`error=${plainValue(failure.message)}`);
  // A warning is a sentence for the operator; where an error came from is for us.
  if (level === "error" && failure.stack !== undefined) parts.push(`\n${indented(failure.stack)}`);
  return `${parts.join(" ")}\n`;
}

interface Failure {
  readonly message: string;
  readonly stack?: string;
}

function failureOf(error: unknown): Failure | undefined {
  if (error === undefined || error === null) return undefined;
  if (typeof error !== "object" || !("message" in error)) return { message: String(error) };
  const { message } = error;
  if (!("stack" in error)) return { message: String(message) };
  return { message: String(message), stack: String(error.stack) };
}

function plainValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what moves a terminal's cursor is escaped
const control = /[\u0000-\u001f\u007f-\u009f]/g;

function printable(text: string): string {
  return text.replaceAll(control, (character) => JSON.stringify(character).slice(1, -1));
}

function indented(stack: string): string {
  return stack
    .split("\n")
    .map((frame) => `    ${printable(frame)}`)
    .join("\n");
}
