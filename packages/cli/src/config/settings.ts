import { readFileSync } from "node:fs";
import { KvringError } from "@kvring/core";
import { type Command, Option } from "commander";
import type { z } from "zod";

/** One setting: a flag, the variable KVRING_…, and a key of the config file, all meaning the same. */
export interface Setting<T> {
  /** Kebab-case; the flag is `--name`, the variable `KVRING_NAME`. */
  readonly name: string;
  readonly value: z.ZodType<T>;
  /** Undefined: the setting may be absent. */
  readonly fallback?: string | number | boolean;
  /** What `--help` shows in the place of the value; undefined for a switch. */
  readonly shows?: string;
  readonly help: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The typed values of a table of settings. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Adds the settings to a command as options. */
export function declare(command: Command, settings: Settings): Command {
  for (const { name, shows, help, fallback } of Object.values(settings)) {
    const option = new Option(shows === undefined ? `--${name}` : `--${name} <${shows}>`, help);
    option.env(variableOf(name));
    if (fallback !== undefined && fallback !== false) option.default(fallback);
    command.addOption(option);
  }
  command.addOption(
    new Option("--config <file>", "JSON file with the same names as keys").env("KVRING_CONFIG"),
  );
  return command;
}

/**
 * The values of a command's settings: flag before variable before config file before default,
 * validated and frozen. Throws BAD_CONFIG naming what is wrong, where it stands, and what would
 * be right.
 */
export function resolve<S extends Settings>(command: Command, settings: S): Values<S> {
  const options = command.opts<Record<string, unknown>>();
  const path = options["config"];
  const file = typeof path === "string" ? readConfig(path, settings) : {};
  const values = Object.entries(settings).map(([key, setting]) => {
    const attribute = camelCase(setting.name);
    const source = command.getOptionValueSource(attribute);
    const isFromFile = source !== "cli" && source !== "env" && Object.hasOwn(file, setting.name);
    const isSwitch = setting.shows === undefined;
    const option = source === "env" && isSwitch ? readSwitch(setting.name) : options[attribute];
    const raw = isFromFile ? file[setting.name] : option;
    if (raw === undefined) return [key, setting.fallback === false ? false : undefined];
    const where = isFromFile ? `"${setting.name}" in ${path}` : originOf(setting.name, source);
    return [key, validated(setting, raw, where)];
  });
  return Object.freeze(Object.fromEntries(values));
}

/** To commander a switch is on as soon as its variable is there, also as "false". */
function readSwitch(name: string): string | undefined {
  return process.env[variableOf(name)];
}

function validated(setting: Setting<unknown>, raw: unknown, where: string): unknown {
  const result = setting.value.safeParse(raw);
  if (result.success) return result.data;
  const expected = result.error.issues[0]?.message ?? "another value";
  throw new KvringError(
    "BAD_CONFIG",
    `${where} is ${JSON.stringify(raw)}, but must be ${expected}`,
  );
}

function readConfig(path: string, settings: Settings): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KvringError("BAD_CONFIG", `the config file ${path} cannot be read: ${why}`, {
      cause: error,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new KvringError("BAD_CONFIG", `the config file ${path} must hold one JSON object`);
  }
  const known = Object.values(settings).map(({ name }) => name);
  for (const key of Object.keys(parsed)) {
    if (known.includes(key)) continue;
    throw new KvringError(
      "BAD_CONFIG",
      `"${key}" in ${path} is no setting of this command; known are ${known.join(", ")}`,
    );
  }
  return { ...parsed };
}

function originOf(name: string, source: string | undefined): string {
  return source === "env" ? variableOf(name) : `--${name}`;
}

function variableOf(name: string): string {
  return `KVRING_${name.replaceAll("-", "_").toUpperCase()}`;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
