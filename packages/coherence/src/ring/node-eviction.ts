import type { GatewayId } from "../records.ts";
import type { RingMember, RingMembers } from "./members.ts";

/** What one gateway has heard of the nodes. Durations, since no two clocks are compared. */
export interface NodeReport {
  readonly gateway: GatewayId;
  /** The ring that it routes by: what it heard under another one says nothing about this one. */
  readonly ringVersion: number;
  /** By node that it listens to: how long it has not heard it, as of the report. */
  readonly silentMs: ReadonlyMap<string, number>;
  /** How long ago the report came, by our clock. */
  readonly ageMs: number;
}

export interface EvictionView {
  readonly ring: RingMembers;
  /** The last one of each gateway, ours included. */
  readonly reports: readonly NodeReport[];
  /** How many gateways there are, as the roster has it. */
  readonly gateways: number;
  /**
   * Whether we hold a lease: the log is there, and takes our records. While its leader changes
   * everything stalls, and every node would look dead.
   */
  readonly isLogAvailable: boolean;
}

export interface EvictionLimits {
  readonly silenceMs: number;
  /** An older report is none. */
  readonly reportMs: number;
}

export const defaultEvictionLimits: EvictionLimits = Object.freeze({
  silenceMs: 2_000,
  reportMs: 1_500,
});

/**
 * The node to take out of the ring now, if any: the one silent longest among those that no gateway
 * that reports has heard. One at a time: reports count for one version of the ring only, so the
 * next eviction needs votes of after this one.
 */
export function nodeToEvict(
  view: EvictionView,
  limits: EvictionLimits = defaultEvictionLimits,
): string | undefined {
  const { ring, gateways, isLogAvailable } = view;
  if (!isLogAvailable) return undefined;
  const reports = view.reports.filter(
    ({ ringVersion, ageMs }) => ringVersion === ring.version && ageMs <= limits.reportMs,
  );
  const quorum = Math.min(2, gateways);
  const silences = ring.members.map((member) => silenceOf(member, reports, quorum, limits));
  // That all fell silent at once says more about the network than about the nodes.
  if (silences.every((silence) => silence !== undefined)) return undefined;
  let longest: { readonly id: string; readonly ms: number } | undefined;
  for (const silence of silences) {
    if (silence !== undefined && (longest === undefined || silence.ms > longest.ms)) {
      longest = silence;
    }
  }
  return longest?.id;
}

/** How long nobody has heard a node; undefined: somebody has, or too few can tell. */
function silenceOf(
  { id }: RingMember,
  reports: readonly NodeReport[],
  quorum: number,
  { silenceMs }: EvictionLimits,
): { readonly id: string; readonly ms: number } | undefined {
  const silences = reports.flatMap((report) => report.silentMs.get(id) ?? []);
  if (silences.length < quorum || silences.length === 0) return undefined;
  const ms = Math.min(...silences);
  return ms >= silenceMs ? { id, ms } : undefined;
}
