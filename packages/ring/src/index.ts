export {
  checkDescriptor,
  emptyDescriptor,
  type Member,
  maxMembers,
  type RingDescriptor,
  weightRange,
  withMember,
  withoutMember,
} from "./descriptor.ts";
export { evenSample, type Movement, movement } from "./movement.ts";
export { compileRing, type Ring, ringPosition } from "./ring.ts";
