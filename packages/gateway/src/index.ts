export { type Outcome, outcomes } from "./cache/cache-status.ts";
export { type Gateway, startGateway } from "./gateway.ts";
export { defaultGatewayOptions, type GatewayOptions } from "./options.ts";
