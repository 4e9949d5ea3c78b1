/**
 * The yardstick: a grpc-js service that reads a request and sends back fixed bytes. Nothing that
 * speaks gRPC through this library can be faster.
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { bindServer, serverOptions } from "@kvring/wire";

const answer = Buffer.alloc(Number(process.argv[2] ?? 200), 0x2a);
const identity = (bytes: Buffer): Buffer => bytes;

const server = new Server(serverOptions);
server.addService(
  {
    ModelInfer: {
      path: "/inference.GRPCInferenceService/ModelInfer",
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  },
  {
    ModelInfer: (_call: unknown, callback: (error: null, answer: Buffer) => void) =>
      callback(null, answer),
  },
);
const port = await bindServer(server, "127.0.0.1:0", ServerCredentials.createInsecure());
process.stdout.write(`echo ready grpc=127.0.0.1:${port}\n`);
process.on("SIGTERM", () => process.exit(0));
