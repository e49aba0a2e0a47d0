// A certified OpenID Connect provider (npm `oidc-provider`) on loopback, with its own pages to sign in and to consent:
// node openid_provider.mjs <port> <callback> <file with accounts as JSON, read anew each time>
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const [port, callback, accounts] = process.argv.slice(2);
const claims = (id) => ({ sub: id, ...JSON.parse(readFileSync(accounts, "utf8"))[id] });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "patchbay", client_secret: "of-nobody", redirect_uris: [callback] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => claims(id) }),
  pkce: { methods: ["S256"], required: () => true },
});
provider.listen(Number(port), "127.0.0.1");
