/** One thing that must be so for a process to be alive, or ready. */
export interface Check {
  readonly name: string;
  /** Undefined while it is so, else a sentence that says why not. Asked often: must be cheap. */
  failing(): string | undefined;
}

interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
}

/** All checks, so that one look shows everything that is missing. No checks: nothing is missing. */
export function judge(checks: readonly Check[]): Verdict {
  const results = checks.map(result);
  return { ok: results.every(({ ok }) => ok), checks: results };
}

function result(check: Check): CheckResult {
  const why = reason(check);
  return why === undefined ? { name: check.name, ok: true } : { name: check.name, ok: false, why };
}

function reason(check: Check): string | undefined {
  try {
    return check.failing();
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
