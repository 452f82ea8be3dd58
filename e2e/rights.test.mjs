// The rights: every one within two clicks, switches that go back as easily as there, and requests with a login and
// without one, to the letter; in both languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LANGUAGES, WIDTHS, expectAccessible, expectNoSideways, launch, shoot, startDemo, visit } from './support.mjs';

let avouch;
let browser;
let staff;
before(async () => {
  avouch = await startDemo();
  browser = await launch();
  staff = await visit(browser, { lang: 'en' });
  await staff.page.goto(avouch.console_link);
  await staff.page.click('main form button');
  await staff.page.waitForURL(`${avouch.console}/`);
});
after(async () => {
  await browser?.close();
  await avouch?.clean();
});

async function look(page, name, scripts = true) {
  if (scripts) {
    await expectNoSideways(page);
    await expectAccessible(page);
  }
  await shoot(page, name);
}

async function logIn(page, person) {
  await page.goto(`${avouch.site}/login`);
  await page.fill('#name', person.user_name);
  await page.fill('#password', person.password);
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
}

for (const lang of LANGUAGES) {
  for (const width of WIDTHS) {
    for (const scripts of [true, false]) {
      const look_of = `${lang}-${width}${scripts ? '' : '-noscript'}`;

      test(`promise_6_5 a stranger asks, and reads why not (${look_of})`, async () => {
        const { page, context, outside } = await visit(browser, { lang, width, scripts });
        await page.goto(`${avouch.site}/policy`);
        await page.click('footer a[href="/rights"]');
        await page.waitForURL('**/rights');
        await look(page, `rights-${look_of}`, scripts);
        await page.check('input[name=kind][value=copy]');
        await page.check('input[name=role][value=relative]');
        await page.fill('#claim_user_name', 'nobody.of.this.name');
        await page.fill('#text', 'For the estate of my late aunt.');
        await page.click('form[action="/rights"] button');
        const link = await page.locator('main dl a').getAttribute('href');
        const number = link.split('/')[3];
        assert.match(await page.locator('main').innerText(), /20\d\d/, 'the day is told at once');

        const desk = staff.page;
        await desk.goto(`${avouch.console}/cases?rights=true`);
        assert.equal(await desk.locator(`a[href="/cases/${number}"]`).count(), 1);
        await desk.goto(`${avouch.console}/cases/${number}`);
        await look(desk, `console-request-${look_of}`);
        await desk.click('button[name=deed][value=not-shown]');
        await desk.click('summary:has-text("close")');
        await desk.check('input[name=outcome][value=refused]');
        await desk.check('input[name=reason_identity]');
        await desk.fill('#letter', 'Please send us what shows who you are.');
        await desk.click('button[name=deed][value=close]');

        await page.goto(`${avouch.site}${link}/letter`);
        const letter = await page.locator('main').innerText();
        assert.match(letter, /12377/, 'the way to the regulator');
        assert.match(letter, /PIPL|个人信息保护法/, 'the law a reason rests on');
        await look(page, `rights-letter-${look_of}`, scripts);
        assert.deepEqual(outside, []);
        await context.close();
      });

      test(`promise_6_5 restricting and lifting are one click each, two clicks away (${look_of})`, async () => {
        const { page, context, clicks } = await visit(browser, { lang, width, scripts });
        await logIn(page, avouch.people[0]);
        await page.goto(`${avouch.site}/policy`);
        const reach = await clicks.of(async () => {
          await page.click('header a[href="/privacy"]');
          await page.waitForURL('**/privacy');
          await page.click('nav.parts a[href="/privacy/restrict"]');
          await page.waitForURL('**/privacy/restrict');
        });
        const flip = () =>
          clicks.of(async () => {
            await page.click('form[action="/privacy/restrict"] button');
            await page.waitForLoadState();
          });
        await look(page, `restrict-${look_of}`, scripts);
        const on = await flip();
        assert.equal(await page.locator('#all button').getAttribute('aria-checked'), 'true');
        const off = await flip();
        assert.equal(await page.locator('#all button').getAttribute('aria-checked'), 'false');
        if (scripts) assert.deepEqual([reach, on, off], [2, 1, 1]);
        await page.goto(`${avouch.site}/privacy/rights`);
        assert.ok((await page.locator('main ul.plain > li').count()) >= 1, 'it is a request with a receipt');
        await look(page, `privacy-rights-${look_of}`, scripts);
        await page.goto(`${avouch.site}/privacy/export`);
        await page.click('main a[href="/privacy/portability"]');
        await page.waitForURL('**/privacy/portability');
        assert.equal(await page.locator('form[action="/privacy/portability"]').count(), 1);
        await look(page, `portability-${look_of}`, scripts);
        await context.close();
      });
    }
  }
}
