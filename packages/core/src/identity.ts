import { randomUUID } from "node:crypto";
import { KvringError } from "./errors.ts";

const nodeIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What a node id must be, as a sentence goes on after "must be". */
export const nodeIdRule =
  '1 to 64 letters, digits, "_" and "-", first a letter or digit, as in "node-1"';

/**
 * Node ids are opaque: they name a place on the ring, a metric's label and a token of a subject,
 * never an address, which may change while the place stays.
 */
export function isNodeId(text: string): boolean {
  return nodeIdPattern.test(text);
}

/** Throws BAD_CONFIG with what would be right. */
export function checkNodeId(text: string): string {
  if (isNodeId(text)) return text;
  throw new KvringError("BAD_CONFIG", `${quoted(text)} cannot be a node id: ${nodeIdRule}`);
}

/**
 * One life of a process: 128 random bits as 32 hex digits. Whoever restarts under the same name
 * is somebody else to those who remember what the predecessor said.
 */
export function newIncarnation(): string {
  return randomUUID().replaceAll("-", "");
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
