// A certified OpenID provider on loopback, for tests: node serve.mjs PORT REDIRECT_URI ALGORITHM AUTH_METHOD.
// Whoever signs in as "lan" is called lan there too; "lan.cu" has the subject of nobody we know yet.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, redirect, algorithm, method] = process.argv.slice(2);
const pair = algorithm.startsWith("ES")
  ? generateKeyPairSync("ec", { namedCurve: "P-256" })
  : generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...pair.privateKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: algorithm };
const client = {
  client_id: "lienthong",
  redirect_uris: [redirect],
  id_token_signed_response_alg: algorithm,
  token_endpoint_auth_method: method,
  ...(method === "none" ? {} : { client_secret: "bi mat+cua/tinh&100%:x" }),
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  jwks: { keys: [jwk] },
  cookies: { keys: ["for tests only"] },
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id.split("/")[0], email: `${id}@so.example`, email_verified: !id.startsWith("la") }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
