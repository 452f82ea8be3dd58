// A new version of the policy: looked at, asked for by one officer, allowed by another and released in the console;
// then put before whom it concerns, with one clear question that a no costs nothing; in both languages, wide and
// narrow, with and without scripts. Promises 7.1 and 7.2.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  LANGUAGES, WIDTHS, binary, call, expectAccessible, expectNoSideways, inEveryLook, launch, shoot, startDemo, visit,
} from './support.mjs';

const PASSWORD = 'driftwood fennel kettle saffron';
const CASES = LANGUAGES.flatMap((lang) => WIDTHS.flatMap((width) => [true, false].map((scripts) => ({ lang, width, scripts }))));

let folder;
let config;
let avouch;
let browser;
let one;
let two;

/** A day in China, so many days from now. */
const day = (ahead) => new Date(Date.now() + ahead * 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 10);
const press = (page) => page.click('main form button.main');

/** Signs a role account in by its one-time link, with a password and an authenticator of its own. */
async function signIn(link, options = {}) {
  const visitor = await visit(browser, options);
  const { page } = visitor;
  await page.goto(link);
  await press(page);
  const secret = (await page.locator('code.secret').innerText()).replace(/\s/g, '');
  await page.fill('#password', PASSWORD);
  await page.fill('#code', execFileSync('oathtool', ['--totp', '--base32', secret]).toString().trim());
  await press(page);
  await page.waitForURL(`${avouch.console}/`);
  return visitor;
}

async function logIn(page, name) {
  await page.goto(`${avouch.site}/login`);
  await page.fill('#name', name);
  await page.fill('#password', PASSWORD);
  await press(page);
}

async function open(name) {
  const values = { user_name: name, email: `${name}@plaza.example`, password: PASSWORD };
  const { status, body } = await call(avouch, 'POST', '/v1/subjects', { body: { age: 'adult', values } });
  assert.equal(status, 201, JSON.stringify(body));
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'avouch-updates-'));
  config = join(folder, 'avouch.toml');
  await cp(fileURLToPath(new URL('../policy', import.meta.url)), join(folder, 'policy'), { recursive: true });
  await writeFile(config, `
data = "data"
policy = "policy"
origin = "plaza.example"
site = "127.0.0.1:0"
api = "127.0.0.1:0"
console = "127.0.0.1:0"

[mail]
outbox = "outbox"
`);
  const run = (...words) => JSON.parse(execFileSync(binary(), [...words, '--config', config, '--json'])).data;
  browser = await launch();
  avouch = await startDemo({ data: folder, config });
  const link = new URL(avouch.console_link).pathname;
  await avouch.stop();
  const { link: second } = run('operator', 'add', 'dpo-two', '--role', 'data-protection-officer');
  const { credential } = run('service', 'register', 'plaza', '--purpose', 'account', '--purpose', 'marketing');
  avouch = { ...(await startDemo({ data: folder, config })), credential };
  one = await signIn(`${avouch.console}${link}`);
  two = await signIn(`${avouch.console}${second}`, { scheme: 'dark', width: 360 });
});

after(async () => {
  await browser?.close();
  await avouch?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('whoever is there before agrees to marketing', async () => {
  for (let n = 0; n < CASES.length; n += 1) {
    await open(`reader_${n}`);
    const { page, context } = await visit(browser);
    await logIn(page, `reader_${n}`);
    await page.goto(`${avouch.site}/privacy/consents`);
    await page.click('#marketing button[role=switch]');
    await context.close();
  }
  await open('bystander');
});

test('promise_7_1 the next version is looked at, allowed by a second person and released', async () => {
  const { page, clicks } = one;
  await page.goto(`${avouch.console}/policy/next`);
  assert.match(await page.locator('main').innerText(), /word for word/, 'nothing has changed yet');
  const facts = await readFile(join(folder, 'policy', 'policy.toml'), 'utf8');
  const next = facts
    .replace('version = "1.0"', 'version = "1.1"')
    .replace('effective = "2026-12-01"', `effective = "${day(9)}"`)
    .replace('items = ["email", "nickname", "interests"]\nparty = ["service"]', 'items = ["email", "nickname", "interests", "phone"]\nparty = ["service"]');
  await writeFile(join(folder, 'policy', 'policy.toml'), next.replace('[controller]', '[controler]'));
  await page.goto(`${avouch.console}/policy/next`);
  assert.match(await page.locator('main pre').first().innerText(), /controler/, 'every fault with its place');
  await writeFile(join(folder, 'policy', 'policy.toml'), next);

  await page.goto(`${avouch.console}/`);
  const asked = await clicks.of(async () => {
    await page.click('nav a[href="/policy"]');
    await page.click('main a[href="/policy/next"]');
    await page.waitForURL('**/policy/next');
    await shoot(page, 'console-policy-proposed');
    await page.fill('#why', 'Offers by telephone');
    await press(page);
    await page.waitForURL('**/approvals/*');
  });
  assert.equal(asked, 3);
  const address = page.url();
  // Nobody allows what they asked for themselves; somebody else reads exactly what changes first.
  assert.equal(await page.locator('button[name=verdict]').count(), 0);
  await two.page.goto(address);
  await two.page.click('main a[href^="/policy/asked/"]');
  const said = await two.page.locator('main').innerText();
  assert.match(said, /Mobile number/);
  assert.match(said, /purpose or way of processing/);
  await expectNoSideways(two.page);
  await expectAccessible(two.page);
  await shoot(two.page, 'console-policy-asked-dark-360');
  await two.page.click('main a[href^="/approvals/"]');
  await two.page.fill('#words', 'Read it');
  await two.page.click('button[name=verdict][value=yes]');
  await page.goto(address);
  await press(page);
  await page.goto(`${avouch.console}/policy`);
  assert.match(await page.locator('main section').first().innerText(), /1\.1/);
  const outbox = async () => (await readdir(join(folder, 'outbox')).catch(() => [])).length;
  // One message for each whom it concerns, and none for the bystander.
  for (let tries = 0; (await outbox()) < CASES.length && tries < 400; tries += 1) await page.goto(`${avouch.console}/policy`);
  const mails = await Promise.all((await readdir(join(folder, 'outbox'))).map((name) => readFile(join(folder, 'outbox', name), 'utf8')));
  const of = (name) => mails.filter((mail) => mail.includes(`${name}@plaza.example`)).length;
  assert.deepEqual(CASES.map((_, n) => of(`reader_${n}`)), CASES.map(() => 1));
  assert.equal(of('bystander'), 0);
});

test('promise_7_1 the console shows what is coming, in every look', async () => {
  const cookies = await one.context.cookies();
  await inEveryLook(browser, async ({ page, context }, look) => {
    await context.addCookies(cookies.filter((cookie) => !/lang/.test(cookie.name)));
    await page.goto(`${avouch.console}/policy`);
    assert.equal(await page.locator('main section').count(), 2);
    await page.click('main details summary');
    await expectNoSideways(page);
    await expectAccessible(page);
    await shoot(page, `console-policy-${look}`);
    await page.goto(`${avouch.console}/policy/next`);
    await expectNoSideways(page);
    await expectAccessible(page);
    await shoot(page, `console-policy-next-${look}`);
  });
});

CASES.forEach(({ lang, width, scripts }, n) => {
  const look = `${lang}-${width}${scripts ? '' : '-plain'}`;
  test(`promise_7_2 one clear question, a no in the same one step as a yes, and nothing lost (${look})`, async () => {
    const { page, context, clicks, outside } = await visit(browser, { lang, width, scripts, scheme: n % 2 ? 'dark' : 'light' });
    const see = async (name) => {
      await expectNoSideways(page);
      if (scripts) await expectAccessible(page);
      await shoot(page, `${name}-${look}`);
    };
    await logIn(page, `reader_${n}`);
    await page.waitForURL('**/privacy/updates');
    assert.equal(await page.locator('main button[value=yes]').count(), 1, 'one question');
    assert.equal(await page.locator('dialog').count(), 0, 'no pop-up over what it is about');
    await see('updates');
    // Nobody must answer: the rest is as it was, with a pop-up that goes away.
    await page.goto(`${avouch.site}/privacy`);
    await see('updates-popup');
    const dialog = page.locator('dialog.popup');
    assert.ok(await dialog.isVisible());
    await dialog.locator('form button').click();
    assert.ok(!(await dialog.isVisible()), 'put off with one click');
    await page.goto(`${avouch.site}/privacy/consents`);
    assert.equal(await page.getAttribute('#marketing button[role=switch]', 'aria-checked'), 'true', 'the old answer stands');
    await page.click('dialog.popup a.main');
    await page.waitForURL('**/privacy/updates');
    const [yes, no] = await Promise.all(['yes', 'no'].map((value) => page.locator(`main button[value=${value}]`).boundingBox()));
    assert.equal(yes.height, no.height, 'equal weight');
    const answer = n % 2 ? 'yes' : 'no';
    const took = async () => {
      await page.click(`main button[value=${answer}]`);
      await page.waitForURL('**/privacy/updates');
    };
    const steps = scripts ? await clicks.of(took) : (await took(), 1);
    assert.equal(steps, 1);
    assert.equal(await page.locator('main button[value=yes]').count(), 0, 'asked once');
    await press(page);
    await page.goto(`${avouch.site}/privacy`);
    assert.equal(await page.locator('dialog').count(), 0, 'read and answered, it is gone');
    await page.goto(`${avouch.site}/privacy/updates`);
    await see('updates-read');
    assert.equal(await page.locator('main section').last().locator('li').count(), 3, 'sent, shown and read');
    await page.goto(`${avouch.site}/privacy/receipts`);
    assert.deepEqual(outside, []);
    await context.close();
  });
});

test('promise_7_1 whom it does not concern it is not put before, and everyone can follow it', async () => {
  const { page, context } = await visit(browser);
  await logIn(page, 'bystander');
  await page.waitForURL('**/privacy');
  assert.equal(await page.locator('dialog').count(), 0);
  assert.match(await page.locator('aside.strip').first().innerText(), /1\.1/, 'announced to everybody');
  const feed = await context.request.get(`${avouch.site}/policy/feed.atom`);
  assert.equal(feed.headers()['content-type'], 'application/atom+xml; charset=utf-8');
  const read = await page.evaluate((text) => {
    const xml = new DOMParser().parseFromString(text, 'application/xml');
    const links = [...xml.querySelectorAll('entry > link')].map((link) => new URL(link.getAttribute('href')).pathname);
    return [xml.querySelectorAll('parsererror').length, ...links];
  }, await feed.text());
  assert.deepEqual(read, [0, '/policy/1.1', '/policy/1.0']);
  await page.click('aside.strip a[href="/policy/1.1"]');
  assert.match(await page.locator('main').innerText(), /Mobile number/);
  await expectAccessible(page);
  await shoot(page, 'policy-coming');
  await context.close();
});
