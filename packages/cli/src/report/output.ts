/** Reports go to stdout, and nothing else does. */

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line, so that several can be told apart. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
