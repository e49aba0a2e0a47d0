// Somebody else's Twilio (npm `emulate`) on loopback: node emulate_twilio.mjs <port> <seed as JSON>
import { createEmulator } from "emulate";

const [port, seed] = process.argv.slice(2);
await createEmulator({
  service: "twilio",
  port: Number(port),
  hostname: "127.0.0.1",
  seed: JSON.parse(seed),
});
