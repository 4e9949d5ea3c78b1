/** What kvring uses of hashring 3.2.0, which brings no types. */
declare module "hashring" {
  class HashRing {
    constructor(
      servers: Readonly<Record<string, { readonly vnodes: number }>>,
      algorithm: "md5" | ((text: string) => Uint8Array),
      options: {
        readonly "vnode count": number;
        readonly "max cache size"?: number;
        readonly "default port"?: number;
      },
    );
    /** The points clockwise: `value` is an unsigned 32-bit number, `server` an id. */
    readonly ring: readonly { readonly value: number; readonly server: string }[];
    /** Unsafe with keys that others choose, and slow. Only tests call it. */
    get(key: string): string | undefined;
    /** The index in `ring` of the first point at or after a position. */
    find(position: number): number;
    hashValue(key: string): number;
  }
  export = HashRing;
}
