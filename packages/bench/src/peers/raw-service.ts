import { type handleUnaryCall, Server, ServerCredentials } from "@grpc/grpc-js";
import { bindServer, serverOptions } from "@kvring/wire";

const identity = (bytes: Buffer): Buffer => bytes;

/**
 * ModelInfer over plain grpc-js with the messages left as bytes, as the leanest service would.
 * Prints the ready line, and ends on SIGTERM.
 */
export async function serveRaw(infer: handleUnaryCall<Buffer, Buffer>): Promise<void> {
  const server = new Server(serverOptions);
  const method = {
    path: "/inference.GRPCInferenceService/ModelInfer",
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  } as const;
  server.addService({ ModelInfer: method }, { ModelInfer: infer });
  const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
  process.stdout.write(`peer ready grpc=127.0.0.1:${port}\n`);
  process.on("SIGTERM", () => process.exit(0));
}
