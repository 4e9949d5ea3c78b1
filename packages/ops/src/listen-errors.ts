import { formatListen, KvringError, type Listen } from "@kvring/core";

/** What Node says when an HTTP server cannot listen, as ours. */
export function listenError(error: NodeJS.ErrnoException, listen: Listen): KvringError {
  const address = formatListen(listen);
  switch (error.code) {
    case "EADDRINUSE":
      return new KvringError(
        "PORT_IN_USE",
        `${address} is in use: stop what listens there, or choose another port with --http HOST:PORT (0: any free one)`,
        { cause: error },
      );
    case "EACCES":
      return bad(`${address} may not be listened on by this user: choose a port above 1023`, error);
    case "EADDRNOTAVAIL":
      return bad(`${listen.host} is no address of this machine: --http takes one that is`, error);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return bad(
        `${listen.host} cannot be resolved: --http takes a known name, or an address`,
        error,
      );
    default:
      return new KvringError("INTERNAL", `cannot listen on ${address}: ${error.message}`, {
        cause: error,
      });
  }
}

function bad(sentence: string, cause: Error): KvringError {
  return new KvringError("BAD_CONFIG", sentence, { cause });
}
