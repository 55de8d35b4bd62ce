// oidc-provider, configured as strictly as possible.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { account } from './accounts.mjs';
import { page } from './pages.mjs';
import { createMemoryAdapter, errors } from './packages.mjs';

const HOUR = 3600;

// Lifetimes in seconds, unless the client has its own `lives`.
const lives = {
  AccessToken: HOUR,
  AuthorizationCode: 60,
  ClientCredentials: HOUR,
  DeviceCode: 10 * 60,
  Grant: 24 * HOUR,
  IdToken: HOUR,
  Interaction: HOUR,
  RefreshToken: 24 * HOUR,
  Session: 24 * HOUR,
};

// The API that a client may request tokens for (RFC 8707).
const ORDERS = 'https://orders.example';

export function configuration(clients) {
  return {
    adapter: createMemoryAdapter(),
    clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    expiresWithSession: () => false,
    extraClientMetadata: { properties: ['lives', 'polls'], validator: () => {} },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, ...deviceFlow },
      devInteractions: { enabled: false },
      // A client gets the nonce with the refusal of its first proof.
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      introspection: { enabled: true, allowedPolicy: (_, client, token) => client.clientId === token.clientId },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => client.clientId === token.clientId },
      rpInitiatedLogout: { enabled: false },
    },
    findAccount: (_, id) => account(id),
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    renderError: (ctx, out) => page(ctx, `The server refuses: ${out.error}`, `<p>${out.error_description ?? ''}</p>`),
    responseTypes: ['code'],
    // A refresh token works once; reuse ends its login.
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'read', 'write'],
    ttl: Object.fromEntries(Object.entries(lives).map(([name, life]) => [
      name,
      (_ctx, _it, client) => client?.lives?.[name] ?? life,
    ])),
  };
}

function getResourceServerInfo(_, resource) {
  if (resource !== ORDERS) throw new errors.InvalidTarget();
  return { scope: 'read write', audience: ORDERS, accessTokenFormat: 'opaque' };
}

// The `form` comes from the server; our page adds the button.
const deviceFlow = {
  userCodeInputSource(ctx, form, _out, error) {
    if (error?.name === 'AbortedError') {
      ctx.status = 200;
      return page(ctx, 'Not connected', '<p>You said no.</p>');
    }
    const wrong = error ? '<p>That code does not work. Try again.</p>' : '';
    return page(ctx, 'Connect a device', `${wrong}${form}<button form="op.deviceInputForm">Continue</button>`);
  },
  userCodeConfirmSource(ctx, form, _client, _device, code) {
    const buttons = `<button form="op.deviceConfirmForm">Connect</button>
      <button form="op.deviceConfirmForm" name="abort" value="yes">Do not</button>`;
    page(ctx, 'Is this the code?', `<p><code>${code}</code></p>${form}${buttons}`);
  },
  successSource: (ctx) => page(ctx, 'Connected', '<p>Go back to the device.</p>'),
};

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
}
