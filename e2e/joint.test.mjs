// Joint login against a real OpenID provider on this machine: told before, joined without a password, in again, linked
// from inside, ended there and here; in both languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Provider from 'oidc-provider';
import { WALKS, expectAccessible, inEveryLook, launch, see, shoot, startDemo, visit } from './support.mjs';

// One red pixel, larger.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

let folder;
let avouch;
let browser;
let provider;
let server;
/** Whom the provider logs in, or nothing: then nothing is agreed. */
let who = 'nobody';

async function listen(made) {
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  return made.address().port;
}

/** The page of the provider on which people agree; here it answers at once. */
async function agree(req, res) {
  const { prompt, params, session } = await provider.interactionDetails(req, res);
  let result;
  if (who === undefined) {
    result = { error: 'access_denied', error_description: 'not today' };
  } else if (prompt.name === 'login') {
    result = { login: { accountId: who } };
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'avouch-joint-'));
  // A port that is free now, so that the provider knows where people are sent back to.
  const free = createServer();
  const sitePort = await listen(free);
  free.close();
  await once(free, 'close');

  server = createServer((req, res) => {
    if (req.url === '/avatar') return res.writeHead(200, { 'content-type': 'image/png' }).end(PNG);
    if (req.url.startsWith('/interaction/')) return agree(req, res).catch((e) => res.writeHead(500).end(String(e)));
    return provider.callback()(req, res);
  });
  const port = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;
  provider = new Provider(issuer, {
    clients: [{
      client_id: 'plaza',
      client_secret: 'a secret shared with the partner',
      redirect_uris: [`http://127.0.0.1:${sitePort}/login/with/harbour/back`],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    }],
    claims: { openid: ['sub'], profile: ['nickname', 'picture'] },
    cookies: { keys: ['tests'] },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, nickname: `Mei ${id}`, picture: `${issuer}/avatar`, email: 'mei@plaza.example' }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true, methods: ['S256'] },
  });

  const policy = join(folder, 'policy');
  await cp(fileURLToPath(new URL('../policy', import.meta.url)), policy, { recursive: true });
  const facts = await readFile(join(policy, 'policy.toml'), 'utf8');
  assert.match(facts, /hosts = \["id\.harbour\.example"\]/);
  await writeFile(join(policy, 'policy.toml'), facts.replace('hosts = ["id.harbour.example"]', `hosts = ["127.0.0.1:${port}"]`));
  await writeFile(join(folder, 'harbour.secret'), 'a secret shared with the partner\n');
  await writeFile(join(folder, 'avouch.toml'), `
data = "data"
policy = "policy"
origin = "plaza.example"
address = "http://127.0.0.1:${sitePort}"
site = "127.0.0.1:${sitePort}"
api = "127.0.0.1:0"
console = "127.0.0.1:0"

[outbound]
loopback = ["127.0.0.1:${port}"]

[joint.partners.harbour]
issuer = "${issuer}"
client_id = "plaza"
secret_file = "harbour.secret"
`);
  avouch = await startDemo({ data: folder, config: join(folder, 'avouch.toml') });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await avouch?.stop();
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

const main = (page) => page.locator('main').innerText();
const press = (page) => page.click('main form button.main');

WALKS.forEach(({ lang, width, scripts, look }, n) => {
  test(`promise_1_7 told, joined without a password, and in again (${look})`, async () => {
    who = `p-${n}`;
    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    const at = (what) => see(page, `joint-${what}-${look}`, { scripts });
    await page.goto(`${avouch.site}/login`);
    await at('login');
    await page.click('a[href="/login/with/harbour"]');
    await at('before');
    await press(page);
    await page.waitForURL('**/login/with/harbour/back**');
    await at('join');
    assert.match(await main(page), new RegExp(`Mei p-${n}`));
    assert.equal(await page.locator('main input[type=password]').count(), 0);
    await page.fill('#user_name', `joint_person_${n}`);
    await page.fill('#email', `joint${n}@plaza.example`);
    await page.check('input[name=age][value=adult]');
    await press(page);
    await page.waitForURL('**/privacy');

    // What was received, one click away; the only way in cannot be ended.
    await page.click('a[href="/privacy/joint"]');
    await at('page');
    assert.match(await main(page), new RegExp(`p-${n}`));
    assert.equal(await page.locator('main section img').count(), 1);
    assert.equal(await page.locator('main form[action$="/unlink"]').count(), 0);

    await context.clearCookies();
    await page.goto(`${avouch.site}/login/with/harbour`);
    await press(page);
    await page.waitForURL('**/privacy');

    // Without a password: a fresh login there shows who is there, and leads back to the page that asked.
    await page.goto(`${avouch.site}/privacy/cancel`);
    assert.equal(await page.locator('main input[type=password]').count(), 1);
    await at('cancel');
    await page.click('main a[href^="/privacy/joint/prove"]');
    await at('show');
    await press(page);
    await page.waitForURL('**/privacy/cancel');
    assert.equal(await page.locator('main input[type=password]').count(), 0);
    await page.click('main button[value=later]');
    await page.waitForURL('**/privacy/cancelling');
    assert.deepEqual(outside, []);
    await context.close();
  });
});

test('promise_5_5 another account there shows nobody here, and so does going back', async () => {
  who = 'right';
  const { page, context } = await visit(browser);
  const comeIn = async () => {
    await page.goto(`${avouch.site}/login/with/harbour`);
    await press(page);
  };
  await comeIn();
  await page.fill('#user_name', 'shown_person');
  await page.fill('#email', 'shown@plaza.example');
  await page.check('input[name=age][value=adult]');
  await press(page);
  await page.waitForURL('**/privacy');
  // Joining counts as having shown it; a login with that account does not.
  await page.click('header form button');
  await comeIn();
  await page.waitForURL('**/privacy');
  const show = async () => {
    // The provider knows nobody any more.
    await context.clearCookies({ name: /^_(session|interaction)/ });
    await page.goto(`${avouch.site}/privacy/export`);
    assert.equal(await page.locator('main form[action="/privacy/export"] input[type=password]').count(), 1);
    await page.click('main form[action="/privacy/export"] a[href^="/privacy/joint/prove"]');
    await press(page);
  };
  for (const other of ['wrong', undefined]) {
    who = other;
    await show();
    await page.waitForURL('**/login/with/harbour/back**');
    assert.equal(await page.locator('[role=alert]').count(), 1);
    await expectAccessible(page);
    await shoot(page, `joint-show-${other ?? 'declined'}`);
  }
  who = 'right';
  await show();
  await page.waitForURL('**/privacy/export');
  assert.equal(await page.locator('main form[action="/privacy/export"] input[type=password]').count(), 0);
  await context.close();
});

test('the pages of joint login are accessible and lose nothing, in every look', async () => {
  const comeIn = async (page) => {
    await page.goto(`${avouch.site}/login/with/harbour`);
    await press(page);
  };
  await inEveryLook(browser, async ({ page, outside, lang }, look) => {
    who = `look-${look}`;
    await page.goto(`${avouch.site}/login`);
    await see(page, `joint-login-${look}`);
    await page.goto(`${avouch.site}/login/with/harbour`);
    await see(page, `joint-before-${look}`);
    await press(page);
    await page.waitForURL('**/login/with/harbour/back**');
    await see(page, `joint-join-${look}`);
    await page.fill('#user_name', `joint_look_${look.replaceAll('-', '_').toLowerCase()}`);
    await page.fill('#email', `joint-${look.toLowerCase()}@plaza.example`);
    await page.check('input[name=age][value=adult]');
    await press(page);
    await page.waitForURL('**/privacy');
    await page.goto(`${avouch.site}/privacy/joint`);
    await see(page, `joint-page-${look}`);
    // A login with that account proves nothing: the pages that ask say so.
    await page.click('header form button');
    await comeIn(page);
    await page.waitForURL('**/privacy');
    await page.goto(`${avouch.site}/privacy/export`);
    await see(page, `joint-asked-${look}`);
    await page.click('main a[href^="/privacy/joint/prove"]');
    await see(page, `joint-show-${look}`);
    // Withdrawn by the switch: the only way in stays, and the page says what has to come first.
    await page.goto(`${avouch.site}/privacy/consents`);
    await page.click('#joint_login button[role=switch]');
    assert.match(await page.locator('main .flash[role=alert]').innerText(), lang === 'en' ? /Nothing was changed/ : /未作任何更改/);
    await see(page, `joint-last-${look}`);
    assert.deepEqual(outside, []);
  });
});

test('promise_1_7 linked from inside, ended in two clicks, and the partner is told', async () => {
  who = 'linked';
  const { page, context, clicks } = await visit(browser);
  await page.goto(`${avouch.site}/join`);
  await page.fill('#user_name', 'inside_person');
  await page.fill('#password', 'lantern orbit velvet cactus');
  await page.fill('#email', 'inside@plaza.example');
  await page.check('input[name=age][value=adult]');
  await press(page);
  await page.waitForURL('**/privacy');
  await page.goto(`${avouch.site}/privacy/joint`);
  await page.click('a[href="/privacy/joint/harbour/link"]');
  await press(page);
  await page.waitForURL('**/privacy/joint');
  assert.match(await main(page), /Mei linked/);

  const ended = Promise.race(['access_token.destroyed', 'grant.revoked'].map((event) => once(provider, event)));
  await page.goto(`${avouch.site}/privacy`);
  const took = await clicks.of(async () => {
    await page.click('a[href="/privacy/joint"]');
    await page.click('form[action="/privacy/joint/harbour/unlink"] button');
  });
  assert.ok(took <= 2, `${took} clicks`);
  await page.waitForURL('**/privacy/joint');
  assert.equal(await page.locator('main section').count(), 0);
  await ended;
  await context.close();
});

test('promise_1_7 what was not agreed to there, or is another browser\'s, ends in plain words', async () => {
  const { page, context } = await visit(browser);
  who = undefined;
  await page.goto(`${avouch.site}/login/with/harbour`);
  await press(page);
  await page.waitForURL('**/back**');
  assert.equal(await page.locator('[role=alert]').count(), 1);
  await expectAccessible(page);
  await shoot(page, 'joint-declined');
  // Somebody else's way, brought into this browser.
  await page.goto(`${avouch.site}/login/with/harbour/back?code=x&state=y`);
  assert.equal(await page.locator('[role=alert]').count(), 1);
  await context.close();
});
