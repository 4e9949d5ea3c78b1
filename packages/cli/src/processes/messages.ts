import type { MetricsExport } from "@kvring/ops";

/** What a member tells its supervisor. Both are of one version: they come from one start. */
export type FromMember =
  /** On every change; `missing` is empty when it can do its work. */
  | {
      readonly kind: "state";
      readonly addresses: Readonly<Record<string, string>>;
      readonly missing: string;
    }
  | { readonly kind: "metrics"; readonly question: number; readonly metrics: MetricsExport }
  /** It will not serve, and would not when it is started again. */
  | { readonly kind: "refused"; readonly reason: string; readonly message: string };

export type ToMember =
  | { readonly kind: "metrics"; readonly question: number }
  | { readonly kind: "drain" };
