// oidc-provider on a port of 127.0.0.1.
//
//     node server.mjs [PORT]
//
// Without a port the system picks a free one. The line that starts with READY has the URL. The
// server ends when its standard input closes, so it never outlives the test that started it; its
// data is in memory.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';

import { clients } from './accounts.mjs';
import { configuration } from './configuration.mjs';
import { pages } from './pages.mjs';
import { Provider } from './packages.mjs';
import { extras } from './extras.mjs';

const port = Number(process.argv[2] ?? 0);
const server = createServer();
server.listen(port, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  // A new key each time: none is in the repository, and the tests request this one.
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider(issuer, configuration(clients(key.publicKey)));
  pages(provider);
  extras(provider, key.privateKey);
  // A refusal is a normal response; only a failure of the server itself is logged.
  provider.on('server_error', (_, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(`READY issuer=${issuer}`);
});

process.stdin.on('end', () => process.exit(0)).resume();
