// Users and clients.

// No server listens there. A native app may use any other loopback port as well.
const redirect_uris = ['http://127.0.0.1:9/callback', 'http://[::1]:9/callback'];

const passwords = {
  alice: "alice's password",
  // Every character that a form has to escape.
  'bob@example.com': 'p&=+% "\\/ü\u20ac',
};

const CODE = 'authorization_code';
const REFRESH = 'refresh_token';
const SERVICE = 'client_credentials';
const PASSWORD = 'password';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

export function account(id) {
  return Object.hasOwn(passwords, id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined;
}

export function accountWith(id, password) {
  return account(id) && passwords[id] === password ? account(id) : undefined;
}

// The settings `lives` and `polls` are ours; see configuration.mjs and extras.mjs.
export function clients(publicKey) {
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] };
  return [
    confidential('service', 'service-secret', [SERVICE], { scope: 'read write' }),
    // Base64, and the characters of generated passwords.
    confidential('odd-service', 'b2Rk/c2VjcmV0~:&$!*==', [SERVICE]),
    // RFC 6749 §2.3.1: both are form-encoded before HTTP Basic joins them with a colon.
    confidential('service:odd 100%', 's:e+c r/e=t&%', [SERVICE]),
    confidential('password', 'password-secret', [PASSWORD, REFRESH]),
    confidential('web', 'web-secret', [CODE, REFRESH], { application_type: 'web' }),
    // Must push its authorization requests (RFC 9126).
    confidential('pushing', 'pushing-secret', [CODE, REFRESH], { require_pushed_authorization_requests: true }),
    // Authenticates by a signed assertion instead of a secret (RFC 7523).
    { client_id: 'key', token_endpoint_auth_method: 'private_key_jwt', jwks, ...what([CODE, REFRESH, SERVICE]) },
    // Its refresh tokens are counted, so no other test uses this client.
    confidential('fleet', 'fleet-secret', [PASSWORD, REFRESH]),
    confidential('restarted', 'restarted-secret', [PASSWORD, REFRESH]),

    open('app', [CODE, REFRESH, DEVICE], { scope: 'read write' }),
    open('password-public', [PASSWORD, REFRESH]),
    open('tv', [DEVICE, REFRESH]),
    // Gets `slow_down` when it polls for the first time.
    open('hasty-tv', [DEVICE, REFRESH], { polls: 1 }),
    // Gets no token without a proof of possession (RFC 9449).
    open('proving', [CODE, REFRESH, DEVICE], { dpop_bound_access_tokens: true }),
    confidential('proving-service', 'proving-secret', [SERVICE], { dpop_bound_access_tokens: true }),
    // Lifetimes in seconds, by the server's name for the kind of token.
    open('brief', [CODE, REFRESH, DEVICE, PASSWORD], { lives: { AccessToken: 30, DeviceCode: 30 } }),
    confidential('brief-service', 'brief-secret', [SERVICE], { lives: { ClientCredentials: 30 } }),
  ];
}

function confidential(client_id, client_secret, grants, settings = {}) {
  return { client_id, client_secret, ...what(grants), ...settings };
}

function open(client_id, grants, settings = {}) {
  return { client_id, token_endpoint_auth_method: 'none', ...what(grants), ...settings };
}

function what(grant_types) {
  const redirected = grant_types.includes(CODE);
  return {
    application_type: 'native',
    grant_types,
    redirect_uris: redirected ? redirect_uris : [],
    response_types: redirected ? ['code'] : [],
  };
}
