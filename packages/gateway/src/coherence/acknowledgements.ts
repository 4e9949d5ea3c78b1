import type { Courier, Stoppable } from "@kvring/bus";
import type { GatewayId } from "@kvring/coherence";
import type { Position } from "@kvring/core";

/** An acknowledgement that nobody takes is worth nothing later: the next one says more. */
const timeoutMs = 1_000;
const nothing = new Uint8Array(0);

/**
 * How gateways tell each other how far they have read. Cumulative: of several to one gateway in
 * one turn of the event loop only the last is sent, and a lost one costs waiting, never the
 * promise.
 */
export class Acknowledgements {
  readonly #courier: Courier;
  readonly #own: GatewayId;
  readonly #due = new Map<GatewayId, Position>();
  #flush: NodeJS.Immediate | undefined;

  constructor(courier: Courier, own: GatewayId) {
    this.#courier = courier;
    this.#own = own;
  }

  /** Calls `onAck` with what others say, from now on. */
  receive(onAck: (from: GatewayId, position: Position) => void): Promise<Stoppable> {
    return this.#courier.serve(address(this.#own), async (body) => {
      const acknowledgement = decode(body);
      if (acknowledgement !== undefined) onAck(acknowledgement.from, acknowledgement.position);
      return nothing;
    });
  }

  send(to: GatewayId, position: Position): void {
    this.#due.set(to, position);
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      for (const [gateway, latest] of this.#due) {
        const body = encode(this.#own, latest);
        this.#courier.request(address(gateway), body, timeoutMs).catch(() => {});
      }
      this.#due.clear();
    });
  }
}

function address(gateway: GatewayId): string {
  return `ack.${gateway}`;
}

function encode(from: GatewayId, { epoch, sequence }: Position): Uint8Array {
  return Buffer.from(JSON.stringify({ from, epoch, sequence }));
}

function decode(
  body: Uint8Array,
): { readonly from: GatewayId; readonly position: Position } | undefined {
  try {
    const { from, epoch, sequence } = JSON.parse(Buffer.from(body).toString());
    if (typeof from !== "string" || !Number.isSafeInteger(epoch)) return undefined;
    return Number.isSafeInteger(sequence) ? { from, position: { epoch, sequence } } : undefined;
  } catch {
    return undefined;
  }
}
