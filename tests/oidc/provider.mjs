// An OpenID Connect provider: node provider.mjs PORT REDIRECT_URI. Who signs in is who they type.
import Provider from 'oidc-provider';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

const [port, redirectUri] = process.argv.slice(2);

function key(kid, kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'chorale',
      client_secret: 'a secret: with +signs',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: process.env.ALGORITHM ?? 'RS256',
    },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['given_name', 'family_name'],
  },
  // New ones each time it starts: keys have rotated for whoever remembers the last ones.
  jwks: {
    keys: [
      key(randomBytes(8).toString('hex'), 'rsa', { modulusLength: 2048 }, 'RS256'),
      key(randomBytes(8).toString('hex'), 'ec', { namedCurve: 'P-256' }, 'ES256'),
    ],
  },
  cookies: { keys: ['of nobody, only for tests'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id.replace('unverified-', ''),
      email_verified: !id.startsWith('unverified-'),
      given_name: 'Ada',
      family_name: 'Byron',
    }),
  }),
});

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
