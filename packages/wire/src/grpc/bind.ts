import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { KvringError } from "@kvring/core";

/**
 * Listens on `address` (host:port; port 0: any free one) and tells the port.
 *
 * Throws PORT_IN_USE, or BAD_CONFIG when the address cannot be listened on at all.
 */
export function bindServer(
  server: Server,
  address: string,
  credentials: ServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(translate(error, address));
    });
  });
}

/** grpc-js gives the errors of listening only as text: "… errors: [listen EADDRINUSE: …]". */
function translate(error: Error, address: string): KvringError {
  if (error.message.includes("EADDRINUSE")) {
    return new KvringError(
      "PORT_IN_USE",
      `${address} is in use: stop what listens there, or listen on another port (0: any free one)`,
      { cause: error },
    );
  }
  return new KvringError("BAD_CONFIG", `cannot listen on ${address}: ${error.message}`, {
    cause: error,
  });
}
