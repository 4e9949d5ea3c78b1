import { isAtLeast, type Position, type ScopeId } from "@kvring/core";
import type { Ask, Dispatch } from "./ask.ts";
import type { Entry } from "./entry.ts";

/** A computation that a gateway had dispatched, and who else waits for it there. */
export interface Flight {
  readonly leader: Ask;
  readonly born: Position;
  readonly scopes: readonly ScopeId[];
  readonly joined: Ask[];
}

/** A gateway's own flights, by key. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  /** In the place of another flight of the key, whose followers are to look for something else. */
  begin(leader: Ask, { key, born }: Dispatch): readonly Ask[] {
    const before = this.#flights.get(key);
    this.#flights.set(key, { leader, born, scopes: leader.scopes, joined: [] });
    return before?.joined ?? [];
  }

  /**
   * An answer to the flight's leader. Who joined was tested then, against the computation that
   * was dispatched: it is right for them, and nothing else need be.
   */
  land({ key, born }: Dispatch, entry: Entry): { served: readonly Ask[]; left: readonly Ask[] } {
    const flight = this.#flights.get(key);
    if (flight === undefined || flight.born !== born) return { served: [], left: [] };
    this.#flights.delete(key);
    const joined = flight.joined.filter(({ isOver }) => !isOver);
    // Another computation of the key may have had other scopes, and an earlier one for the same
    // request is older than what the others were tested for.
    const isItsOwn = entry.scopes === flight.scopes && isAtLeast(entry.born, flight.born);
    return isItsOwn ? { served: joined, left: [] } : { served: [], left: joined };
  }

  /** The leader is gone: those who followed it, under whichever key, have to go on alone. */
  disband(leader: Ask): readonly Ask[] {
    const followers: Ask[] = [];
    for (const [key, flight] of this.#flights) {
      if (flight.leader !== leader) continue;
      this.#flights.delete(key);
      followers.push(...flight.joined);
    }
    return followers;
  }

  clear(): void {
    this.#flights.clear();
  }
}
