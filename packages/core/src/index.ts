export { type Clock, ManualClock, systemClock } from "./clock.ts";
export { bytesPerElement, type Datatype, isDatatype } from "./datatypes.ts";
export { Entry, type EntryHeader, encodeEntry, stampAge } from "./entry.ts";
export { KvringError, type Reason, reasons, type StatusCode, statusCodes } from "./errors.ts";
export { isPolicyName, type PolicyName, policyNames } from "./eviction-policy.ts";
export { decodeFailure, encodeFailure } from "./failure-body.ts";
export { checkNodeId, isNodeId, newIncarnation, nodeIdRule } from "./identity.ts";
export { type AnswerLife, type LifeRules, lifeOf, lifeRulesOf } from "./life-rules.ts";
export { limits } from "./limits.ts";
export { formatListen, isLoopback, type Listen, parseListen } from "./listen.ts";
export { type Log, silentLog } from "./log.ts";
export {
  checkModelName,
  compareVersions,
  isModelVersion,
  type ModelIdentity,
  type ModelSignature,
} from "./model.ts";
export { poisonJob } from "./poison-job.ts";
export { formatPosition, isAtLeast, nowhere, type Position, supersedes } from "./position.ts";
export {
  canonicalBytes,
  isIgnoredParameter,
  type KeyedRequest,
  type Parameter,
  type RequestKey,
  requestKey,
} from "./request-key.ts";
export { afterDeath, type Deaths, noDeaths, restartMs } from "./restarts.ts";
export { parseTags, type Scope, type ScopeId, scopeId } from "./scope.ts";
export {
  checkBytes,
  decodeStrings,
  elementCount,
  encodeStrings,
  shapeFits,
  type Tensor,
  type TensorSpec,
} from "./tensor.ts";
