// The whole path in a real browser, in both languages: join, look, correct, copy, withdraw, delete, leave;
// and what a service is told meanwhile.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { call, everyone, expectAccessible, expectNoSideways, inEveryLook, launch, shoot, startDemo, visit } from './support.mjs';

const PASSWORD = 'lantern orbit velvet cactus';

const WORDS = {
  en: { join: 'Join', login: 'Log in', logout: 'Log out', centre: 'Privacy centre', why: 'Each field says why' },
  'zh-CN': { join: '注册', login: '登录', logout: '退出', centre: '隐私中心', why: '' },
};

let avouch, browser;

before(async () => {
  avouch = await startDemo();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await avouch?.clean();
});

async function join(page, name) {
  await page.goto(`${avouch.site}/join`);
  await page.fill('#user_name', name);
  await page.fill('#email', `${name}@plaza.example`);
  await page.fill('#password', PASSWORD);
  await page.check('input[name=age][value=adult]');
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
}

for (const lang of Object.keys(WORDS)) {
  const name = `visitor_${lang.toLowerCase().replace('-', '_')}`;

  test(`promise_1_1 each field of joining says why it is asked (${lang})`, async () => {
    const { page, context, outside } = await visit(browser, { lang });
    await page.goto(`${avouch.site}/join`);
    for (const field of ['user_name', 'password', 'phone', 'email', 'nickname']) {
      const why = await page.locator(`#${field}-why`).innerText();
      assert.ok(why.trim().length > 5, `${field} does not say why`);
      assert.match(await page.getAttribute(`#${field}`, 'aria-describedby'), new RegExp(`${field}-why`));
    }
    assert.equal(await page.locator('input[type=checkbox][checked], input[type=radio][checked]').count(), 0);
    assert.deepEqual(outside, []);
    await context.close();
  });

  test(`promise_6_1 a person finds, corrects, copies, withdraws, deletes and leaves (${lang})`, async () => {
    const { page, context, clicks } = await visit(browser, { lang, acceptDownloads: true });
    await join(page, name);

    // The centre is one click from any page, an item one more.
    await page.goto(`${avouch.site}/contact`);
    const toCentre = await clicks.of(async () => {
      await page.click('header a[href="/privacy"]');
      await page.waitForURL('**/privacy');
    });
    assert.equal(toCentre, 1);
    const toItem = await clicks.of(async () => {
      await page.click('main a[href="/privacy/items/email"]');
      await page.waitForURL('**/privacy/items/email');
    });
    assert.ok(toCentre + toItem <= 2);
    const item = await page.locator('main').innerText();
    assert.match(item, /2\.1/, 'the purpose and its clause are told');
    assert.ok(!item.includes(`${name}@plaza.example`) || item.includes('@plaza.example'), 'the value is there');

    // Consent: given and withdrawn by the same switch; the service is refused on its very next read.
    await page.goto(`${avouch.site}/privacy/consents`);
    const give = await clicks.of(() => page.click('#marketing button[role=switch]'));
    await page.waitForSelector('#marketing button[aria-checked=true]');
    const all = await everyone(avouch, 'marketing', 'email');
    const mine = all.find((s) => s.records.some((r) => r.value === `${name}@plaza.example`));
    assert.ok(mine, 'the consent holds at once');
    const withdraw = await clicks.of(() => page.click('#marketing button[role=switch]'));
    await page.waitForSelector('#marketing button[aria-checked=false]');
    assert.equal(give, withdraw, 'giving and withdrawing take the same steps');
    const refused = await call(avouch, 'GET', `/v1/subjects/${mine.subject}/records/email?purpose=marketing`);
    assert.equal(refused.status, 403);
    assert.ok(refused.body.reasons.some((r) => r.code === 'no-consent' && r.clause === '2.5' && r.text && r.remedy));

    // Who used it: the service's use and the refusal are told.
    await page.goto(`${avouch.site}/privacy/uses`);
    assert.match(await page.locator('main').innerText(), /plaza/);

    // Correct: two clicks and save.
    await page.goto(`${avouch.site}/privacy`);
    await page.goto(`${avouch.site}/privacy/items/nickname/correct`);
    await page.fill('#value', 'Renamed');
    await page.click('main form button.main');
    await page.waitForURL('**/privacy/items/nickname?said=corrected');
    assert.equal(await page.locator('.flash.good').count(), 1);
    assert.match(await page.locator('main').innerText(), /Renamed/);

    // A comment comes through the service, and goes by the person.
    const body = { purpose: 'content', item: 'comment', value: 'A comment to be deleted.' };
    assert.equal((await call(avouch, 'POST', `/v1/subjects/${mine.subject}/records`, { body })).status, 201);
    await page.goto(`${avouch.site}/privacy/items/comment`);
    await page.click('main a[href$="/delete"]');
    await page.click('main form button');
    await page.goto(`${avouch.site}/privacy/items/comment`);
    assert.doesNotMatch(await page.locator('main').innerText(), /to be deleted/);

    // The copy: two clicks from anywhere in the centre.
    await page.goto(`${avouch.site}/privacy`);
    const download = page.waitForEvent('download');
    const copy = await clicks.of(async () => {
      await page.click('a[href="/privacy/export"]');
      await page.click('main form button');
      await download;
    });
    assert.ok(copy <= 2, `the copy took ${copy} clicks`);
    const zip = await readFile(await (await download).path());
    assert.equal(zip.subarray(0, 2).toString(), 'PK');

    // Leaving: cooling-off, one click back, then for good.
    await page.goto(`${avouch.site}/privacy/cancel`);
    await page.fill('#password', PASSWORD);
    await page.click('main button[value=later]');
    await page.waitForURL('**/privacy/cancelling');
    const stopped = await call(avouch, 'GET', `/v1/subjects/${mine.subject}/records/email?purpose=support`);
    assert.equal(stopped.status, 403);
    assert.ok(stopped.body.reasons.some((r) => r.code === 'cancelling'));
    await page.click('form[action="/privacy/cancel/keep"] button');
    await page.waitForURL('**/privacy?said=cancelling-kept-again');
    assert.equal(await page.locator('.flash.good').count(), 1);
    await page.goto(`${avouch.site}/privacy/cancel`);
    await page.fill('#password', PASSWORD);
    await page.click('main button[value=now]');
    await page.waitForLoadState();
    const gone = await call(avouch, 'GET', `/v1/subjects/${mine.subject}/records/email?purpose=support`);
    assert.equal(gone.status, 404);
    await page.goto(`${avouch.site}/privacy`);
    assert.match(page.url(), /\/login/);
    await context.close();
  });
}

test('promise_2_1 logging in works without scripts, and a wrong password tells nothing', async () => {
  const [person] = avouch.people;
  const { page, context } = await visit(browser, { scripts: false });
  await page.goto(`${avouch.site}/login`);
  await page.fill('#name', person.user_name);
  await page.fill('#password', 'not the password at all');
  await page.click('main form button.main');
  const known = await page.locator('main .flash[role=alert]').innerText();
  await page.fill('#name', 'nobody_at_all');
  await page.fill('#password', 'not the password at all');
  await page.click('main form button.main');
  assert.equal(await page.locator('main .flash[role=alert]').innerText(), known);
  await page.fill('#name', person.user_name);
  await page.fill('#password', person.password);
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
  await context.close();
});

test('every page is accessible and loses nothing, in both languages, light and dark, wide and narrow', async () => {
  const [person] = avouch.people;
  const open = ['/', '/join', '/login', '/policy', '/contact', '/logged-out'];
  const own = ['', '/items/phone', '/items/nickname/correct', '/uses', '/consents', '/export', '/sessions', '/cases', '/receipts', '/cancel'];
  await inEveryLook(browser, async ({ page, outside }, look) => {
    const see = async (path) => {
      const response = await page.goto(avouch.site + path);
      assert.equal(response.status(), 200, path);
      await expectNoSideways(page);
      await expectAccessible(page);
      await shoot(page, `${path.replaceAll('/', '_') || '_'}-${look}`);
    };
    for (const path of open) await see(path);
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', person.user_name);
    await page.fill('#password', person.password);
    await page.click('main form button.main');
    await page.waitForURL('**/privacy');
    for (const path of own) await see(`/privacy${path}`);
    assert.deepEqual(outside, [], 'nothing is loaded from elsewhere');
  });
});

test('promise_5_6 the console is entered by a link that works once', async () => {
  const { page, context } = await visit(browser);
  assert.equal((await page.goto(`${avouch.console}/`)).status(), 401);
  await page.goto(avouch.console_link);
  await page.click('main form button');
  await page.waitForURL(`${avouch.console}/`);
  await expectAccessible(page);
  await shoot(page, 'console');
  await page.goto(`${avouch.console}/leaves?q=content`);
  assert.ok((await page.locator('tbody tr').count()) > 0);
  await expectAccessible(page);
  const other = await visit(browser);
  await other.page.goto(avouch.console_link);
  assert.equal(await other.page.locator('main form button').count(), 0, 'nothing to press on a spent link');
  assert.match(await other.page.title(), /./);
  assert.equal((await other.page.goto(`${avouch.console}/`)).status(), 401, 'spent');
  await other.context.close();
  await context.close();
});
