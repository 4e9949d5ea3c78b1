/** Exits 0 when the process of this container says that it lives. For HEALTHCHECK. */
const port = (process.env["KVRING_HTTP"] ?? "").split(":").at(-1);
const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
process.exitCode = answer?.ok ? 0 : 1;
