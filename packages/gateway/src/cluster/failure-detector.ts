import {
  announceRecord,
  type Bus,
  evictMember,
  type GatewayRecord,
  type RecordAnnouncement,
  type RingRecord,
  type Stoppable,
  watchRecords,
} from "@kvring/bus";
import { type Clock, KvringError, type Log } from "@kvring/core";
import { type NodeReport, Silence } from "./silence.ts";
import { verdict } from "./verdict.ts";

export interface FailureDetectorParts {
  /** Under which this gateway is present. */
  readonly id: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** A node that no gateway has heard for so long leaves the ring. */
  readonly evictAfterMs: number;
  /** When a node was last heard, by the clock; undefined: there is no link to it. */
  readonly heardMs: (id: string) => number | undefined;
  /** How many gateways there are by the control log. */
  readonly gateways: () => number;
  /** Whether our own records get into the log: if not, we may be the one who is cut off. */
  readonly isLogWritable: () => boolean;
}

/** Judged so many times in the time that a node may be silent. */
const judgementsPerSilence = 8;

/**
 * Takes nodes out of the ring that no gateway hears. Each gateway says with its presence which
 * nodes it does not hear; whoever sees that all agree replaces the ring, once for all of them.
 * Whether nodes are alive is never written to the control log.
 */
export class FailureDetector {
  readonly #parts: FailureDetectorParts;
  readonly #silence: Silence;
  readonly #attached: Stoppable[] = [];
  #announcement: RecordAnnouncement<"gateway"> | undefined;
  #gateways: ReadonlyMap<string, GatewayRecord> = new Map();
  #announced = "";
  #evicting = false;
  #evictions = 0;
  #cancelTimer: () => void = () => {};

  constructor(parts: FailureDetectorParts) {
    this.#parts = parts;
    this.#silence = new Silence(parts.evictAfterMs);
  }

  /** Nodes that this gateway took out of the ring. */
  get evictions(): number {
    return this.#evictions;
  }

  follow(ring: RingRecord): void {
    this.#silence.follow(ring, this.#parts.clock.nowMs());
  }

  /** Announces the gateway, too: what it says about nodes is part of its presence. */
  async start(): Promise<void> {
    const { bus, id } = this.#parts;
    const announcement = await announceRecord(bus.presence, "gateway", { id });
    this.#announcement = announcement;
    const watch = await watchRecords(bus.presence, "gateway", (gateways) => {
      this.#gateways = gateways;
    });
    this.#attached.push(announcement, watch);
    this.#judgeLater();
  }

  async stop(): Promise<void> {
    this.#cancelTimer();
    await Promise.all(this.#attached.map((attached) => attached.stop()));
  }

  #judgeLater(): void {
    const { clock, evictAfterMs } = this.#parts;
    this.#cancelTimer = clock.after(evictAfterMs / judgementsPerSilence, () => {
      this.#judge();
      this.#judgeLater();
    });
  }

  #judge(): void {
    const { clock, heardMs, gateways, id } = this.#parts;
    const own = this.#silence.report(heardMs, clock.nowMs());
    this.#announce(own);
    if (own.silent.length === 0 || this.#evicting || !this.#mayEvict()) return;
    const others = [...this.#gateways].flatMap(([gateway, { nodes }]) =>
      gateway === id ? [] : [nodes],
    );
    const incarnation = verdict({ own, others, gateways: gateways() });
    const member = this.#silence.ring.members.find((one) => one.incarnation === incarnation);
    if (member !== undefined) void this.#evict(member, own.ring);
  }

  #mayEvict(): boolean {
    const { bus, isLogWritable } = this.#parts;
    return bus.status.state === "connected" && isLogWritable();
  }

  #announce(report: NodeReport): void {
    const text = JSON.stringify(report);
    if (text === this.#announced) return;
    this.#announced = text;
    const record = { id: this.#parts.id, nodes: { ...report, silent: [...report.silent] } };
    this.#announcement?.update(record).catch(() => {
      this.#announced = "";
    });
  }

  async #evict(
    member: { readonly id: string; readonly incarnation: string },
    version: number,
  ): Promise<void> {
    const { bus, log, evictAfterMs } = this.#parts;
    this.#evicting = true;
    try {
      const { outcome } = await evictMember(bus.registry, member, version);
      if (outcome !== "evicted") return;
      this.#evictions += 1;
      log.warn(
        { node: member.id, silentMs: evictAfterMs },
        "no gateway hears a node: it is taken out of the ring",
      );
    } catch (error) {
      const { reason, message } = KvringError.from(error);
      log.warn({ node: member.id, reason }, `a silent node stays in the ring: ${message}`);
    } finally {
      this.#evicting = false;
    }
  }
}
