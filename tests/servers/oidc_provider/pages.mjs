// Pages for the user in front of the browser: one form to log in, one to consent.
import { accountWith } from './accounts.mjs';
import { form } from './requests.mjs';

// Plain pages without scripts or external resources.
export function page(ctx, title, body) {
  ctx.type = 'html';
  ctx.body = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>${title}</title>
    <main><h1>${title}</h1>${body}</main></html>`;
}

export function pages(provider) {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    const result = ctx.method === 'POST'
      ? await answers[interaction.prompt.name](provider, interaction, await form(ctx))
      : undefined;
    if (!result) return questions[interaction.prompt.name](ctx, interaction);
    // The server itself writes the response.
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, result);
  });
}

const questions = {
  login(ctx) {
    const again = ctx.method === 'POST' ? '<p role="alert">That is not right. Try again.</p>' : '';
    page(ctx, 'Log in', `${again}<form method="post">
      <p><label>User name <input name="username" autocomplete="username" autofocus></label>
      <p><label>Password <input name="password" type="password" autocomplete="current-password"></label>
      <p><input type="submit" value="Log in"></form>`);
  },
  consent(ctx, { params }) {
    page(ctx, 'May it?', `<p><b>${params.client_id}</b> asks for: ${params.scope ?? 'nothing'}</p>
      <form method="post"><input type="submit" name="allow" value="Allow">
      <input type="submit" value="Refuse"></form>`);
  },
};

// The result of the server's prompt, or nothing if it must be shown again.
const answers = {
  async login(_provider, _interaction, said) {
    const account = accountWith(said.get('username'), said.get('password'));
    return account && { login: account };
  },
  async consent(provider, { prompt: { details }, grantId, session, params }, said) {
    if (!said.has('allow')) return { error: 'access_denied', error_description: 'the resource owner said no' };
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(details.missingOIDCScope ?? []);
    for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes);
    }
    return { consent: { grantId: await grant.save() } };
  },
};
