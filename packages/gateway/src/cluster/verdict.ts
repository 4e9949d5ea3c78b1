import type { NodeReport } from "./silence.ts";

export interface Evidence {
  readonly own: NodeReport;
  /** Of the other gateways that are present; undefined: present, and says nothing about nodes. */
  readonly others: readonly (NodeReport | undefined)[];
  /** How many gateways there are by the control log, ourselves included. */
  readonly gateways: number;
}

/**
 * The one incarnation to be taken out of the ring, if any: nobody hears it, of all gateways that
 * are present, and of at least two where two exist. They speak of the same ring, so after every
 * eviction all of them have to judge anew. Where nobody hears any node, the fault is more likely
 * to be ours, and nothing would be gained.
 */
export function verdict({ own, others, gateways }: Evidence): string | undefined {
  const reports = [own, ...others];
  if (reports.length < Math.min(2, gateways)) return undefined;
  if (!reports.some((report) => report !== undefined && report.reached > 0)) return undefined;
  return own.silent.find((incarnation) =>
    reports.every((report) => report?.ring === own.ring && report.silent.includes(incarnation)),
  );
}
