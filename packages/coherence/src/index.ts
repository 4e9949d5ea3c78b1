export { Admission, type Proof } from "./admission.ts";
export { GatewayCore } from "./gateway-core.ts";
export type { InvalidationResult } from "./invalidations.ts";
export type { CoherenceEvent, Effect, InvalidateEvent } from "./messages.ts";
export {
  type CoherenceOptions,
  checkCoherenceOptions,
  defaultCoherenceOptions,
} from "./options.ts";
export { type Arrival, Reading } from "./reading.ts";
export { decodeRecord, encodeRecord, type WrittenRecord } from "./record-codec.ts";
export {
  type Checkpoint,
  type GatewayId,
  type Invalidation,
  type LogRecord,
  type Sequence,
  subjectOf,
} from "./records.ts";
export {
  changeMembers,
  isMoving,
  type MemberChange,
  type MemberState,
  owning,
  owningBefore,
  type RingMember,
  type RingMembers,
} from "./ring/members.ts";
export {
  defaultEvictionLimits,
  type EvictionLimits,
  type EvictionView,
  type NodeReport,
  nodeToEvict,
} from "./ring/node-eviction.ts";
export { isRampOver, type Ramp, type ReadPlan, readPlan } from "./ring/read-plan.ts";
export { type Evidence, protocolRules, type Rules } from "./rules.ts";
export type { EndReason, Standing } from "./standing.ts";
export { defaultTerms, type LeaseTerms, leaseMs } from "./terms.ts";
export { type Verdict, verdict } from "./worker.ts";
