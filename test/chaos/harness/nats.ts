import { type Cluster, ports } from "./cluster.ts";
import type { Container } from "./container.ts";

interface ServerReport {
  readonly server_name?: string;
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

/** The server that leads a stream, as the servers that answer see it. */
export async function leaderOf(cluster: Cluster, stream: string): Promise<Container | undefined> {
  for (const server of cluster.nats) {
    const report = await reportOf(server).catch((): ServerReport => ({}));
    const streams = (report.account_details ?? []).flatMap(
      (account) => account.stream_detail ?? [],
    );
    const leader = streams.find(({ name }) => name === stream)?.cluster?.leader;
    const found = cluster.nats.find(({ name }) => name === leader);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function reportOf({ address }: Container): Promise<ServerReport> {
  const url = `http://${address}:${ports.natsHttp}/jsz?accounts=true&streams=true`;
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return (await response.json()) as ServerReport;
}
