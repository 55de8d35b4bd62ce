// Features that the tests need and oidc-provider lacks: the password grant, an API, `slow_down` for
// a client that polls too often, and the number of refresh tokens that the server received.
import { accountWith } from './accounts.mjs';
import { Provider, errors } from './packages.mjs';
import { bearer, form } from './requests.mjs';

export function extras(provider, assertionKey) {
  provider.registerGrantType('password', (ctx) => password(provider, ctx), ['username', 'password', 'scope']);
  const seen = new Map();
  const paths = {
    '/whoami': (ctx) => whoami(provider, ctx),
    '/expire': (ctx) => expire(provider, ctx),
    '/spent': (ctx) => { ctx.body = spent(seen, ctx.query.client_id); },
    // The key with which the client `key` signs its assertions.
    '/key': (ctx) => { ctx.body = assertionKey.export({ type: 'pkcs8', format: 'pem' }); },
  };
  provider.use((ctx, next) => (paths[ctx.path] ?? next)(ctx));
  provider.use(counting(seen));
  slowDown(provider);
}

// RFC 6749 §4.3; the server itself handles everything except this first response.
async function password(provider, ctx) {
  const { client, params } = ctx.oidc;
  const account = accountWith(params.username, params.password);
  if (!account) throw new errors.InvalidGrant('the user name or the password is wrong');
  const scope = params.scope ?? 'read';
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope(scope);
  const common = { accountId: account.accountId, client, grantId: await grant.save(), gty: 'password', scope };
  const access = new provider.AccessToken(common);
  ctx.body = { access_token: await access.save(), expires_in: access.expiration, token_type: access.tokenType, scope };
  if (client.grantTypeAllowed('refresh_token')) {
    ctx.body.refresh_token = await new provider.RefreshToken({ ...common, rotations: 0 }).save();
  }
}

// The API: returns the resource owner, or null if the client acts for itself, and the token's audience.
async function whoami(provider, ctx) {
  const value = bearer(ctx);
  const token = await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value);
  if (!token || token.jkt) {
    ctx.status = 401;
    ctx.set('www-authenticate', value ? 'Bearer error="invalid_token"' : 'Bearer');
    return;
  }
  const { accountId: user = null, aud: audience = null, scope } = token;
  ctx.body = { user, scope, audience, query: ctx.querystring };
}

// Lets a token or code expire: {"model", "value"}, or the user code of a device.
async function expire(provider, ctx) {
  const said = await form(ctx);
  const userCode = said.get('user_code')?.replace(/[^A-Z]/g, '');
  const model = userCode ? provider.DeviceCode : provider[said.get('model')];
  const { adapter } = model;
  const stored = userCode ? await adapter.findByUserCode(userCode) : await adapter.find(said.get('value'));
  const past = Math.floor(Date.now() / 1000) - 1;
  await adapter.upsert(stored.jti, { ...stored, exp: past }, 600);
  ctx.status = 204;
}

// Counts how often each refresh token of a client was sent.
function counting(seen) {
  return async (ctx, next) => {
    await next();
    const { client, params } = ctx.oidc ?? {};
    if (params?.grant_type !== 'refresh_token' || !client) return;
    const tokens = seen.get(client.clientId) ?? new Map();
    seen.set(client.clientId, tokens);
    tokens.set(params.refresh_token, (tokens.get(params.refresh_token) ?? 0) + 1);
  };
}

function spent(seen, clientId) {
  const times = [...(seen.get(clientId) ?? new Map()).values()];
  return { tokens: times.length, most: Math.max(0, ...times) };
}

// RFC 8628 §3.5: oidc-provider never returns `slow_down`. This returns it to a client with `polls`.
function slowDown(provider) {
  const told = new Map();
  const { DeviceCode } = provider;
  const find = DeviceCode.find.bind(DeviceCode);
  DeviceCode.find = (value, options) => {
    const { client, route } = Provider.ctx.oidc;
    const times = told.get(value) ?? 0;
    // The page on which the user enters the code looks it up, too.
    if (route === 'token' && client.polls > times) {
      told.set(value, times + 1);
      throw new errors.SlowDown();
    }
    return find(value, options);
  };
}
