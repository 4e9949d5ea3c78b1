import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { ProtoGrpcType as ClusterTypes } from "../gen/cluster.ts";
import type { ProtoGrpcType as InferenceTypes } from "../gen/inference.ts";
import type { ProtoGrpcType as NodeTypes } from "../gen/node.ts";

/** The services by package, as grpc-js makes them from the protocol files. */
export interface Services {
  readonly inference: InferenceTypes["inference"];
  readonly kvring: {
    readonly v1: ClusterTypes["kvring"]["v1"] &
      InferenceTypes["kvring"]["v1"] &
      NodeTypes["kvring"]["v1"];
  };
}

const protoDirectory = fileURLToPath(new URL("../../../../proto", import.meta.url));

const protocolFiles = [
  "inference.proto",
  "kvring/v1/inference.proto",
  "kvring/v1/node.proto",
  "kvring/v1/cluster.proto",
];

let loaded: (GrpcObject & Services) | undefined;

/** Reads the protocol files, once. The options equal those the types were generated with. */
export function loadServices(): Services {
  loaded ??= loadPackageDefinition(
    loadSync(protocolFiles, {
      includeDirs: [protoDirectory],
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    }),
  ) as unknown as GrpcObject & Services;
  return loaded;
}
