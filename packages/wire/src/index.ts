export * from "./exchange/link.ts";
