export {
  findNatsServer,
  howToInstall,
  type NatsServer,
  startNatsServer,
} from "./nats-server.ts";
