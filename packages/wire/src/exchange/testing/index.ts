export { poisonFrames } from "./poisoned-frames.ts";
