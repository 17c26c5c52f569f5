// A provider of OpenID Connect on loopback, for tests: the certified oidc-provider with people that sign in by name.
// node provider.mjs SETTINGS: a JSON file with port, issuer, client (id, secret, redirects, logout), people, keys; it is read
// anew with each start, so that a test changes it and starts again. The first line of output says where it listens.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { client, people } = settings;

const provider = new Provider(settings.issuer, {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: client.redirects,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      ...(client.logout && { backchannel_logout_uri: client.logout }),
    },
  ],
  jwks: { keys: settings.keys },
  claims: {
    openid: ['sub', 'groups'],
    profile: ['preferred_username', 'name'],
    email: ['email', 'email_verified'],
  },
  conformIdTokenClaims: settings.userinfo_only ?? false,
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  // It would not call anybody on this machine, which is where Forge is in a test.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) =>
    sub in people ? { accountId: sub, claims: () => ({ sub, ...people[sub] }) } : undefined,
  // There is no consent to give: whoever is in `people` has agreed.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    return grant;
  },
});

// What became of a call to Forge is only told here.
provider.on('backchannel.error', (_, error) => console.error(error));

provider.use(async (ctx, next) => {
  const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1];
  if (!uid) return next();
  const who = new URLSearchParams(ctx.querystring).get('who');
  if (who) {
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: who, remember: false } });
    ctx.respond = false;
    return;
  }
  ctx.type = 'html';
  ctx.body =
    '<!doctype html><title>Provider</title><h1>Who are you?</h1>' +
    Object.keys(people)
      .map((sub) => `<p><a href="${ctx.path}?who=${sub}">${people[sub].preferred_username}</a></p>`)
      .join('');
});

const server = provider.listen(settings.port, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
