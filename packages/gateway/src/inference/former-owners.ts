import type { LookupRequest, NodeLink } from "@kvring/wire";
import type { OpenRequest } from "./open-request.ts";
import { OwnerWalk, type WalkOptions } from "./owner-walk.ts";

export interface FormerQuestion {
  readonly open: OpenRequest;
  /** Who held the key before it moved, the former primary first. */
  readonly former: readonly NodeLink[];
  readonly request: Omit<LookupRequest, "waitMs">;
  readonly options: WalkOptions;
  /** Where the key belongs now, and the right to fill it there. */
  readonly link: NodeLink;
  readonly token: Uint8Array;
  /** It was found, and is on its way to `link`, which tells everybody who waits. */
  onFound(): void;
  /** Nobody has it, and nobody computes it: it has to be computed. */
  onMissing(): void;
}

/**
 * Looks for a key where it was before it moved, and brings what is found to its new primary. A
 * computation under way at a former owner is waited for; none is begun there.
 */
export function askFormerOwners(question: FormerQuestion): void {
  const { open, former, request, options, link, token, onFound, onMissing } = question;
  const walk: OwnerWalk = new OwnerWalk(
    // While the new primary is not linked yet, the token comes from a former owner: what is under
    // way there is ours, and waiting for it would be waiting for ourselves.
    former.filter((owner) => owner !== link),
    // What has expired is not worth bringing over.
    { ...request, joinOnly: true, minTtlMs: 0 },
    { ...options, wait: true },
    {
      onGranted: () => {
        // Who computed it there is gone, and left the token to us. It goes to the next who waits.
        walk.cancel();
        onMissing();
      },
      onFound: (bytes) => {
        onFound();
        const entry = Uint8Array.from(bytes);
        link.put({ key: request.key, token, entry, store: true }).catch(() => {
          // Where the link is lost, our wait there has ended too, and the next owner is asked.
          if (link.state === "up") onMissing();
        });
      },
      onMissing,
      onFailed: onMissing,
      onUnreachable: onMissing,
    },
  );
  open.onEnd(() => walk.cancel());
  walk.start();
}
