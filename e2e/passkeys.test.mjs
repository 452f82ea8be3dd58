// Passkeys in a real browser, with Chromium's own virtual authenticator: made, shown to log in and in place of the
// password, removed; a copy whose counter went back, a passkey of another site, a browser without scripts.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LANGUAGES, WALKS, WIDTHS, expectNoSideways, launch, see, shoot, startDemo, visit } from './support.mjs';

const PASSWORD = 'lantern orbit velvet cactus';
let avouch, browser, site;

before(async () => {
  avouch = await startDemo();
  // Passkeys are bound to names; this machine's own is one.
  site = avouch.site.replace('127.0.0.1', 'localhost');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await avouch?.clean();
});

const press = (page) => page.click('main form button.main');

/** An authenticator of the page, which checks who is there and says that it was you. */
async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const send = (what, more = {}) => cdp.send(`WebAuthn.${what}`, { authenticatorId, ...more });
  const credentials = async () => (await send('getCredentials')).credentials;
  return { send, credentials };
}

async function joinAs(page, name) {
  await page.goto(`${site}/join`);
  await page.fill('#user_name', name);
  await page.fill('#email', `${name}@plaza.example`);
  await page.fill('#password', PASSWORD);
  await page.check('input[name=age][value=adult]');
  await press(page);
  await page.waitForURL('**/privacy');
}

async function logOut(page) {
  await page.click('header form button');
  await page.waitForURL('**/logged-out');
}

async function makeOne(page) {
  await page.goto(`${site}/privacy/security`);
  await page.click('main a[href="/privacy/security/passkey"]');
  assert.ok((await page.inputValue('#name')).length > 3, 'a name is proposed');
  await page.click('.passkey button');
  await page.waitForURL('**/privacy/security?said=passkey-made');
}

async function logInByPasskey(page) {
  await page.goto(`${site}/login`);
  await page.click('.passkey button');
}

/** What messages went out to somebody, as the demo's outbox has them. */
async function messages(address) {
  const files = await readdir(join(avouch.data, 'outbox')).catch(() => []);
  const all = await Promise.all(files.map((file) => readFile(join(avouch.data, 'outbox', file), 'utf8')));
  return all.filter((text) => text.includes(address));
}

async function comes(address, words) {
  for (let n = 0; n < 150; n += 1) {
    if ((await messages(address)).some((text) => words.test(text))) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no message to ${address} says ${words}: ${await messages(address)}`);
}

// A passkey is asked for by a script; what the page says without is below.
for (const { lang, width, look } of WALKS.filter(({ scripts }) => scripts)) {
  test(`promise_2_1 a passkey is made, lets its person in, stands for the password, and is removed (${look})`, async () => {
    const { page, context, outside } = await visit(browser, { lang, width });
    const faults = [];
    page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
    page.on('pageerror', (error) => faults.push(String(error)));
    const name = `keyed_${lang === 'en' ? 'en' : 'zh'}_${width}`;
    const at = (what) => see(page, `passkeys-${what}-${look}`);
    const device = await authenticator(page);
    await joinAs(page, name);
    await page.goto(`${site}/privacy/security/passkey`);
    await at('make');
    await makeOne(page);
    const [made] = await device.credentials();
    assert.equal(made.rpId, 'localhost');
    assert.ok(made.isResidentCredential, 'it needs no name to be found by');
    await at('security');
    await comes(`${name}@plaza.example`, /passkey of|passkey was added|新增了一个通行密钥/);
    await logOut(page);

    // In without a name, and at once where only a proven person may be.
    await page.goto(`${site}/login`);
    await at('login');
    await logInByPasskey(page);
    await page.waitForURL('**/privacy');
    await page.goto(`${site}/privacy/security/passkey`);
    assert.equal(await page.locator('#name').count(), 1, 'nothing more is asked for');

    // In place of the password, where that is asked for.
    await page.goto(`${site}/privacy/cancel`);
    await at('cancel');
    await page.click('.passkey button');
    await page.waitForURL('**/privacy/cancelling');
    await page.click('form[action="/privacy/cancel/keep"] button');
    await page.waitForURL('**/privacy?said=**');

    // Removed: the device still has it, and it opens nothing.
    await page.goto(`${site}/privacy/security`);
    await page.click('main a[href^="/privacy/security/passkey/remove"]');
    await at('remove');
    await press(page);
    await page.waitForURL('**/privacy/security?said=passkey-removed');
    await comes(`${name}@plaza.example`, /passkey of your account was removed|通行密钥已移除/);
    await logOut(page);
    assert.deepEqual(faults, [], 'nothing is refused by the page’s own rules');
    await logInByPasskey(page);
    assert.ok((await page.locator('main [role=alert].flash').innerText()).length > 5);
    await at('refused');
    assert.deepEqual(outside, []);
    await context.close();
  });
}

test('promise_2_1 a copy whose counter went back is refused, and its person told', async () => {
  const { page, context } = await visit(browser, {});
  const device = await authenticator(page);
  await joinAs(page, 'copied');
  await makeOne(page);
  const [copy] = await device.credentials();
  await logOut(page);
  await logInByPasskey(page);
  await page.waitForURL('**/privacy');
  await logOut(page);
  // The copy was taken before that login, so it does not know of it.
  await device.send('removeCredential', { credentialId: copy.credentialId });
  await device.send('addCredential', { credential: { ...copy, signCount: copy.signCount } });
  await logInByPasskey(page);
  await page.waitForSelector('main [role=alert].flash');
  assert.match(await page.locator('main [role=alert].flash').innerText(), /copied/);
  await comes('copied@plaza.example', /may have been copied/);
  await context.close();
});

test('promise_2_1 a passkey of another site, and one whose person was not checked, let nobody in', async () => {
  const { page, context } = await visit(browser, {});
  const device = await authenticator(page);
  await joinAs(page, 'bound');
  await makeOne(page);
  const [made] = await device.credentials();
  await logOut(page);
  // The same key, but bound to another site: the browser does not even find it here.
  await device.send('removeCredential', { credentialId: made.credentialId });
  await device.send('addCredential', { credential: { ...made, rpId: 'evil.example' } });
  await logInByPasskey(page);
  await page.waitForSelector('.passkey [data-say=failed]:not([hidden])');
  assert.match(page.url(), /\/login$/);
  // A stranger's key under the right site and the right id: the signature is not the one.
  const { privateKey } = await page.evaluate(async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
    return { privateKey: btoa(String.fromCharCode(...pkcs8)) };
  });
  await device.send('clearCredentials');
  await device.send('addCredential', { credential: { ...made, privateKey, signCount: 1000 } });
  await logInByPasskey(page);
  await page.waitForSelector('main [role=alert].flash');
  // The right key, but nobody showed who they are.
  await device.send('clearCredentials');
  await device.send('addCredential', { credential: { ...made, signCount: 1000 } });
  await device.send('setUserVerified', { isUserVerified: false });
  await logInByPasskey(page);
  await page.waitForSelector('.passkey [data-say=failed]:not([hidden])');
  await device.send('setUserVerified', { isUserVerified: true });
  await logInByPasskey(page);
  await page.waitForURL('**/privacy');
  await context.close();
});

test('promise_2_1 without scripts the page says so, and every other way stays', async () => {
  for (const lang of LANGUAGES) {
    for (const width of WIDTHS) {
      const { page, context } = await visit(browser, { lang, scripts: false, width });
      await page.goto(`${site}/login`);
      assert.equal(await page.locator('.passkey button:visible').count(), 0, 'no button that does nothing');
      assert.match(await page.locator('noscript').first().innerText(), /JavaScript/);
      assert.equal(await page.locator('#password').count(), 1);
      await expectNoSideways(page);
      await shoot(page, `passkeys-plain-${lang}-${width}`);
      await context.close();
    }
  }
});

test('promise_2_1 elsewhere than on its own address the page says where passkeys work', async () => {
  const { page, context } = await visit(browser, {});
  await page.goto(`${avouch.site}/login`);
  assert.equal(await page.locator('.passkey button:visible').count(), 0);
  assert.match(await page.locator('.passkey [data-say=elsewhere]').innerText(), /localhost/);
  await context.close();
});
