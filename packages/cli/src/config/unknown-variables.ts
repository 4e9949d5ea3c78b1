import type { Command } from "commander";

const prefix = "KVRING_";

/** What Kubernetes gives every pod beside a Service called "kvring": no mistake of anybody's. */
const serviceLink =
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/**
 * A sentence on the variables that are named like settings and are none of any command: a slip of
 * the pen there would otherwise go by unseen. Undefined: there are none.
 *
 * No error, since a variable may be meant for a later version, and an environment for many programs.
 */
export function unknownVariables(
  program: Command,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const known = knownVariables(program);
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.has(name) && !serviceLink.test(name))
    .sort();
  if (unknown.length === 0) return undefined;
  const named = unknown.map((name) => {
    const meant = nearest(name, known);
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  const [verb, what] = unknown.length === 1 ? ["is", "no setting"] : ["are", "no settings"];
  return `${named.join(", ")} ${verb} ${what} and ignored; kvring COMMAND --help lists those there are`;
}

/** Every setting of every command, as a variable. */
function knownVariables(program: Command): ReadonlySet<string> {
  const options = program.commands.flatMap((command) => command.options);
  return new Set(options.flatMap(({ envVar }) => envVar ?? []));
}

/** The one that so many slips may have made of it: a third of its letters at most. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  let best: string | undefined;
  let least = Math.floor((name.length - prefix.length) / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** Letters to insert, leave out, replace or swap with the next (Damerau, 1964). */
function editDistance(from: string, to: string): number {
  const table = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  const cost = (i: number, j: number): number => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i++) {
    table.push([i]);
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      table[i]?.push(
        Math.min(
          cost(i - 1, j - 1) + (isSame ? 0 : 1),
          cost(i - 1, j) + 1,
          cost(i, j - 1) + 1,
          isSwap ? cost(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return cost(from.length, to.length);
}
