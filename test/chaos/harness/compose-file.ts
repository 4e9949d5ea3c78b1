import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** A service of a compose file, as far as running it without Compose needs it. */
export interface ComposeService {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Files and directories of the machine; named volumes are left out. */
  readonly binds: readonly { readonly source: string; readonly target: string }[];
  readonly replicas: number;
}

interface RawService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly deploy?: { readonly replicas?: number };
}

export function readComposeFile(
  path: string,
  variables: Readonly<Record<string, string>> = {},
): Readonly<Record<string, ComposeService>> {
  const text = interpolated(readFileSync(path, "utf8"), variables);
  const { services }: { services: Record<string, RawService> } = parse(text, { merge: true });
  const directory = dirname(path);
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [name, complete(service, directory)]),
  );
}

/** `${NAME:-default}`. */
function interpolated(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => variables[name] ?? fallback,
  );
}

function complete(service: RawService, directory: string): ComposeService {
  const { image, command = [], environment = {}, volumes = [], deploy } = service;
  const binds = volumes
    .map((volume) => volume.split(":"))
    .map(([source = "", target = ""]) => ({ source, target }))
    .filter(({ source }) => /^[./]/.test(source))
    .map(({ source, target }) => ({ source: resolve(directory, source), target }));
  return { image, command, environment, binds, replicas: deploy?.replicas ?? 1 };
}
