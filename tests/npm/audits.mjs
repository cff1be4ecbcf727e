// Runs the audits of graphql-http against a server, and prints each as a line of JSON.
// node audits.mjs <folder of node_modules> <address> <token>

import { createRequire } from "node:module";

const [folder, url, token] = process.argv.slice(2);
const { serverAudits } = createRequire(`${folder}/`)("graphql-http");

const fetchFn = (address, options = {}) =>
  fetch(address, {
    ...options,
    headers: {
      ...options.headers,
      authorization: `Bearer ${token}`,
      "graphql-require-preflight": "1",
    },
  });

for (const audit of serverAudits({ url, fetchFn })) {
  const { status, reason } = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status, reason }));
}
