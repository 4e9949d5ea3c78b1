/**
 * Every name that kvring uses in NATS. The namespace, "kvring" by default, keeps clusters apart
 * that share a NATS; stream names carry it in capitals.
 */
export interface NatsNames {
  readonly logStream: string;
  readonly logSubjects: string;
  logSubject(subject: string): string;
  /** The inverse of `logSubject`. */
  logRecord(subject: string): string;
  readonly stateStream: string;
  readonly stateSubjects: string;
  stateSubject(key: string): string;
  /** The inverse of `stateSubject`. */
  stateKey(subject: string): string;
  readonly jobsStream: string;
  readonly jobsSubjects: string;
  jobsSubject(digest: string): string;
  jobsConsumer(digest: string): string;
  courierSubject(address: string): string;
  presenceSubject(kind: string, id: string): string;
  presenceSubjects(kind: string): string;
  /** The inverse of `presenceSubject`. */
  presenceId(subject: string): string;
  /** Who announces itself answers a message here by announcing itself at once. */
  presenceAsk(kind: string): string;
}

export function natsNames(namespace: string): NatsNames {
  const capitals = namespace.toUpperCase();
  const logPrefix = `${namespace}.ctl.`;
  const jobsPrefix = `${namespace}.jobs.`;
  const presencePrefix = `${namespace}.presence.`;
  // A bucket is a stream of this name with these subjects: `nats kv get KVRING_STATE …` reads it.
  const bucket = `${capitals}_STATE`;
  const statePrefix = `$KV.${bucket}.`;
  return {
    logStream: `${capitals}_CTL`,
    logSubjects: `${logPrefix}>`,
    logSubject: (subject) => logPrefix + subject,
    logRecord: (subject) => subject.slice(logPrefix.length),
    stateStream: `KV_${bucket}`,
    stateSubjects: `${statePrefix}>`,
    stateSubject: (key) => statePrefix + key.split("/").map(encodeToken).join("."),
    stateKey: (subject) => subject.slice(statePrefix.length).split(".").map(decodeToken).join("/"),
    jobsStream: `${capitals}_JOBS`,
    jobsSubjects: `${jobsPrefix}>`,
    jobsSubject: (digest) => jobsPrefix + digest,
    jobsConsumer: (digest) => `worker-${digest}`,
    courierSubject: (address) => `${namespace}.courier.${encodeToken(address)}`,
    presenceSubject: (kind, id) => `${presencePrefix}${kind}.${encodeToken(id)}`,
    presenceSubjects: (kind) => `${presencePrefix}${kind}.*`,
    presenceId: (subject) => decodeToken(subject.slice(subject.lastIndexOf(".") + 1)),
    presenceAsk: (kind) => `${namespace}.presence-ask.${kind}`,
  };
}

/**
 * Any text as one token of a subject. Dots part tokens there ("resnet.v2" would be two, "a..b"
 * none), so what is not a letter, digit, "_" or "-" is written as "=" and two hex digits per byte.
 */
export function encodeToken(text: string): string {
  let token = "";
  for (const character of text) {
    if (/[A-Za-z0-9_-]/.test(character)) token += character;
    else {
      for (const byte of Buffer.from(character, "utf8")) {
        token += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      }
    }
  }
  // An empty token is no token: "=" alone stands for it.
  return token === "" ? "=" : token;
}

export function decodeToken(token: string): string {
  if (token === "=") return "";
  return decodeURIComponent(token.replaceAll("=", "%"));
}
