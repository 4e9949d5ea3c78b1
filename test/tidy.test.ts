/**
 * Properties of the source tree itself, in the spirit of TigerBeetle's `src/tidy.zig`: rules a
 * reviewer would otherwise have to repeat. Who may import whom lives in one place: `layers`.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const scope = "@kvring/";
const lineLimit = 400;

/** What each package may import from the workspace. A package missing here fails the test. */
const layers: Record<string, readonly string[]> = {
  core: [],
  ring: ["core"],
  store: ["core"],
  wire: ["core"],
  bus: ["core"],
  ops: ["core"],
  coherence: ["core"],
  models: ["core"],
  runtime: ["core", "wire"],
  client: ["core", "wire"],
  "cache-node": ["core", "ring", "store", "wire", "bus", "ops"],
  worker: ["core", "coherence", "wire", "bus", "runtime", "ops"],
  gateway: ["core", "coherence", "ring", "store", "wire", "bus", "ops"],
  cli: [
    ...["core", "coherence", "ring", "store", "wire", "bus", "ops", "models", "runtime", "client"],
    ...["cache-node", "worker", "gateway"],
  ],
  bench: [
    ...["core", "coherence", "ring", "store", "wire", "bus", "ops", "models", "runtime", "client"],
    ...["cache-node", "worker", "gateway", "cli"],
  ],
};

interface Manifest {
  readonly name?: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifestIn = (folder: string): Manifest => JSON.parse(read(join(folder, "package.json")));

const ignoredFolders = new Set(["node_modules", ".git", "coverage", "gen", ".kvring"]);
const files = (pattern: string): string[] =>
  globSync(pattern, { cwd: root, exclude: (path) => ignoredFolders.has(basename(path)) }).sort();

const packages = files("packages/*/package.json").map((path) => basename(dirname(path)));
const code = files("{packages/*/{src,bin},test,deploy}/**/*.{ts,mjs}").map(textOf);
/** All that people read: code, prose, configuration. */
const texts = files("{*,.ci/*,{packages,proto,test,deploy}/**/*}")
  .filter((path) =>
    /\.(ts|mjs|js|json|md|proto|ya?ml|sh|html|css|conf)$|\/?(Dockerfile|run)$/.test(path),
  )
  .filter((path) => path !== "package-lock.json")
  .map(textOf);

function textOf(path: string): { readonly path: string; readonly text: string } {
  return { path, text: read(path) };
}

const packageOf = (path: string): string => path.split("/")[1] ?? "";
const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.includes("/testing/");
const inPackages = code.filter(({ path }) => path.startsWith("packages/"));

/** A package that is only announced: its index exports nothing. */
const isAnnounced = (name: string): boolean =>
  inPackages
    .filter(({ path }) => packageOf(path) === name)
    .every(({ text }) => text.trim() === "export {};");
const begun = packages.filter((name) => !isAnnounced(name));
const hasReadme = (name: string): boolean => existsSync(join(root, "packages", name, "README.md"));

function importsOf(text: string): string[] {
  const specifier = /(?:from|import)\s*\(?\s*"([^"]+)"/g;
  return [...text.matchAll(specifier)].map((match) => match[1] ?? "");
}

/** The package of the workspace that an import reaches, and whether by its name or by a path. */
function targetOf(path: string, specifier: string): { name: string; byPath: boolean } | undefined {
  if (specifier.startsWith(scope)) {
    return { name: specifier.slice(scope.length).split("/")[0] ?? "", byPath: false };
  }
  if (!specifier.startsWith(".")) return undefined;
  return { name: packageOf(normalize(join(dirname(path), specifier))), byPath: true };
}

/** What the code of a package that `chosen` picks imports from the workspace, by name. */
function usedBy(name: string, chosen: (path: string) => boolean): Set<string> {
  const used = inPackages
    .filter(({ path }) => packageOf(path) === name && chosen(path))
    .flatMap(({ path, text }) => importsOf(text).map((specifier) => targetOf(path, specifier)))
    .flatMap((target) => (target === undefined || target.byPath ? [] : [target.name]));
  return new Set(used.filter((target) => target !== name));
}

const inScope = (dependencies: Record<string, string> | undefined): string[] =>
  Object.keys(dependencies ?? {})
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length))
    .sort();

describe("dependencies", () => {
  test("every package has its place in the layers, and the layers are below it", () => {
    expect(Object.keys(layers).sort()).toEqual(packages);
    const order = Object.keys(layers);
    for (const [name, allowed] of Object.entries(layers)) {
      // Listed from the bottom up, so that nothing can go in a circle.
      for (const lower of allowed) expect(order.indexOf(lower)).toBeLessThan(order.indexOf(name));
    }
  });

  test("no package reaches into another by path", () => {
    const violations = inPackages.flatMap(({ path, text }) =>
      importsOf(text)
        .map((specifier) => targetOf(path, specifier))
        .filter((target) => target?.byPath && target.name !== packageOf(path))
        .map((target) => `${path}: reaches into ${target?.name}`),
    );
    expect(violations).toEqual([]);
  });

  test.each(begun)("%s imports what it declares, and declares what its layer allows", (name) => {
    const { dependencies, devDependencies } = manifestIn(`packages/${name}`);
    const declared = inScope(dependencies);
    const used = usedBy(name, (path) => !isTest(path));
    expect([...used].filter((target) => !declared.includes(target))).toEqual([]);
    expect(declared.filter((target) => !layers[name]?.includes(target))).toEqual([]);
    // A package under construction declares what it is going to import; its README comes last.
    if (hasReadme(name)) expect(declared).toEqual([...used].sort());
    const forTests = [...usedBy(name, isTest)].filter((target) => !declared.includes(target));
    expect(inScope(devDependencies)).toEqual(forTests.sort());
  });
});

describe("packages", () => {
  test.each(packages)("%s says what it is, in its manifest", (name) => {
    expect(manifestIn(`packages/${name}`)).toMatchObject({
      name: `${scope}${name}`,
      description: expect.stringMatching(/^.{15,}$/),
      license: "Apache-2.0",
      type: "module",
    });
  });

  test.each(begun)("%s says in its README what it is for", (name) => {
    expect(hasReadme(name)).toBe(true);
    expect(read(`packages/${name}/README.md`).trim().split("\n").length).toBeGreaterThanOrEqual(5);
  });

  test("the lock brings the Node that the code needs, and this is it", () => {
    const { engines, optionalDependencies = {} } = manifestIn("");
    expect(engines?.node).toMatch(/^>=\d+/);
    const brought = Object.entries(optionalDependencies).filter(([name]) =>
      name.startsWith("node-"),
    );
    expect(brought.length).toBeGreaterThan(0);
    for (const version of [...brought.map(([, number]) => number), process.versions.node]) {
      const [major = 0, minor = 0] = version.split(".").map(Number);
      // Type stripping is stable since then.
      expect(major * 100 + minor, version).toBeGreaterThanOrEqual(2412);
    }
  });
});

describe("files", () => {
  test("none outgrows one sitting", () => {
    const long = code
      .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
      .filter(({ lines }) => lines > lineLimit);
    expect(long).toEqual([]);
  });

  test("are named in kebab-case", () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
    const wrong = code
      .flatMap(({ path }) => path.split("/").map((part) => ({ path, part })))
      .filter(({ part }) => !kebab.test(part))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});

/** Letters in brackets keep a rule from finding itself. */
const unwanted: readonly [string, RegExp][] = [
  ["left for later", /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/],
  ["a path of one machine", /(?<![\w.~-])\/(?:w[o]rk|h[o]me|r[o]ot|U[s]ers)\/\w/],
  ["a file that is not of this project", /\.\.\/sh[a]red\b|(?<!_)(?:DESI[G]N|STY[L]E)\.md\b/],
  ["where the packages came from", /registry\.[n]pm|npm[m]irror|verd[a]ccio|artif[a]ctory/i],
  ["how it was written", /\b(?:cla[u]de|anthr[o]pic|copil[o]t|sub-?a[g]ents?|AI a[g]ents?)\b/i],
];

describe("texts", () => {
  test("every decision is in the map", () => {
    const map = read("ARCHITECTURE.md");
    const decisions = files("packages/*/docs/adr-*.md");
    expect(decisions.length).toBeGreaterThan(15);
    expect(decisions.filter((path) => !map.includes(path))).toEqual([]);
  });

  test.each(unwanted)("none holds %s", (_, pattern) => {
    const found = texts.flatMap(({ path, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line, where: `${path}:${index + 1}` }))
        .filter(({ line }) => pattern.test(line))
        .map(({ line, where }) => `${where}: ${line.trim().slice(0, 120)}`),
    );
    expect(found).toEqual([]);
  });

  test("no test is left out, and none runs alone", () => {
    const partial = /\b(?:describe|test|it)(?:\.\w+)*\.(?:only|skip|todo|fails|skipIf|runIf)\b/;
    const found = code.filter(({ text }) => partial.test(text)).map(({ path }) => path);
    expect(found).toEqual([]);
  });

  test("the rules find what they look for", () => {
    const samples = [
      "TO" + "DO",
      "cd /ho" + "me/me",
      "../sha" + "red/x",
      "registry.n" + "pmjs.org",
    ];
    for (const [index, sample] of samples.entries())
      expect(sample).toMatch(unwanted[index]?.[1] ?? "");
    expect(texts.map(({ path }) => path)).toContain("packages/core/docs/reasons.md");
    expect(code.map(({ path }) => path)).toContain("test/tidy.test.ts");
    expect(importsOf('import "./a.ts"; export { b } from "@kvring/b"; await import("c");')).toEqual(
      ["./a.ts", "@kvring/b", "c"],
    );
  });
});
