import { credentials } from "@grpc/grpc-js";
import { type ClusterDescription, clientOptions, decodeStatus, loadServices } from "@kvring/wire";

/** What the gateway at `address` knows of its cluster. Throws KvringError. */
export function describeCluster(address: string): Promise<ClusterDescription> {
  const { ClusterService } = loadServices().kvring.v1;
  const client = new ClusterService(address, credentials.createInsecure(), clientOptions);
  return new Promise((resolve, reject) => {
    client.Describe({}, { deadline: Date.now() + 5_000 }, (error, description) => {
      client.close();
      if (error === null && description !== undefined) resolve(description);
      else reject(decodeStatus(error ?? {}));
    });
  });
}
