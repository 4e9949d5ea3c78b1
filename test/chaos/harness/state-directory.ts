/** Where `deploy/chaos/prepare.sh` keeps what outlives a run: tools and logs. */
export const stateDirectory = process.env["KVRING_CHAOS_STATE"] ?? "/var/tmp/kvring-chaos";
