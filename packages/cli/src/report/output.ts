/** Reports go to stdout, and nothing else does. */

// Who reads a report may have had enough of it (`| head`): that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line, so that several can be told apart. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
