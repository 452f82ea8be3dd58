// Customer service: a stranger writes without an account and follows the answer by a link; staff answer from the
// console and see of a person what they reveal; in both languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

// A picture as small as it can be: one pixel, as GIF; it is written anew.
const PICTURE = {
  name: 'shot.gif',
  mimeType: 'image/gif',
  buffer: Buffer.from('R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64'),
};

async function look(page, name, scripts = true) {
  // What looks into a page needs scripts to run in it.
  if (scripts) {
    await expectNoSideways(page);
    await expectAccessible(page);
  }
  await shoot(page, name);
}

for (const lang of LANGUAGES) {
  for (const width of WIDTHS) {
    for (const scripts of [true, false]) {
      const look_of = `${lang}-${width}${scripts ? '' : '-noscript'}`;
      test(`promise_8_1 a stranger writes, is answered, and reads the letter (${look_of})`, async () => {
        const { page, context, outside, clicks } = await visit(browser, { lang, width, scripts });
        await page.goto(`${avouch.site}/policy`);
        const toContact = await clicks.of(async () => {
          await page.click('header a[href="/contact"]');
          await page.waitForURL('**/contact');
        });
        if (scripts) assert.equal(toContact, 1, 'one click from every page');
        await look(page, `contact-${look_of}`, scripts);
        await page.check('input[name=category][value=complaint]');
        await page.fill('#text', 'Delete my picture, please.\nIt is not mine to begin with.');
        await page.setInputFiles('#file', PICTURE);
        await page.click('form[action="/contact"] button');
        const link = await page.locator('main dl a').getAttribute('href');
        const number = link.split('/')[3];
        assert.match(await page.locator('main').innerText(), /20\d\d/, 'the day is told at once');
        await look(page, `case-opened-${look_of}`, scripts);

        const desk = staff.page;
        await desk.goto(`${avouch.console}/cases`);
        assert.equal(await desk.locator(`a[href="/cases/${number}"]`).count(), 1);
        await desk.goto(`${avouch.console}/cases/${number}`);
        await desk.fill('#text', 'Which picture is it?');
        await desk.check('input[name=deed][value=ask]');
        await desk.setInputFiles('#file', { name: 'rules.txt', mimeType: 'text/plain', buffer: Buffer.from('规则\n') });
        await desk.click('main form[enctype] button');
        await desk.waitForLoadState();
        await desk.click('summary:has-text("close")');
        await desk.check('input[name=outcome][value=partly]');
        await desk.selectOption('#reason-code', 'others-rights');
        await desk.fill('#letter', 'The picture is gone; the post stays.');
        await desk.click('button[name=deed][value=close]');
        await look(desk, `console-case-${look_of}`);

        await page.goto(avouch.site + link);
        assert.match(await page.locator('.thread').innerText(), /Which picture is it\?/);
        await look(page, `case-${look_of}`, scripts);
        await page.click(`a[href="${link}/letter"]`);
        const letter = await page.locator('main').innerText();
        assert.match(letter, /The picture is gone; the post stays\./);
        assert.match(letter, /12377/, 'the way to the regulator');
        await look(page, `letter-${look_of}`, scripts);
        const saved = await context.request.get(`${avouch.site}${link}/letter.pdf`);
        assert.equal(saved.headers()['content-type'], 'application/pdf');
        await writeFile(join(import.meta.dirname, 'output', `letter-${look_of}.pdf`), await saved.body());
        await page.goto(avouch.site + link);
        const files = await page.locator('.thread a[download]').count();
        assert.equal(files, 2, 'of both');
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.locator('.thread a[download]').first().click(),
        ]);
        assert.match(file.suggestedFilename(), new RegExp(`^${number}\\.(png|jpg)$`));
        await page.goto(avouch.site + link);
        await page.fill('#text', 'That is not enough.');
        await page.click(`form[action="${link}"] button`);
        await desk.goto(`${avouch.console}/cases`);
        assert.equal(await desk.locator(`a[href="/cases/${number}"]`).count(), 1, 'it is open again');
        const wrong = await page.goto(`${avouch.site}/contact/case/${number}/WRONG`);
        assert.equal(wrong.status(), 404);
        assert.deepEqual(outside, []);
        await context.close();
      });
    }
  }
}

test('promise_2_4 staff see dots until they say why, and the person sees that they looked', async () => {
  const [person] = avouch.people;
  const { page, context } = await visit(browser, { lang: 'en' });
  await page.goto(`${avouch.site}/login`);
  await page.fill('#name', person.user_name);
  await page.fill('#password', person.password);
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
  await page.goto(`${avouch.site}/contact`);
  assert.equal(await page.locator('#email').count(), 0, 'who is signed in is not asked for an address');
  await page.check('input[name=category][value=question]');
  await page.fill('#text', 'Please call me back.');
  await page.click('form[action="/contact"] button');
  await page.click('main .actions a');
  await page.waitForURL('**/privacy/cases/*');
  const own = page.url();
  const number = own.split('/').pop();

  const desk = staff.page;
  await desk.goto(`${avouch.console}/cases/${number}`);
  assert.ok(!(await desk.locator('main').innerText()).includes(person.user_name), 'dots');
  await desk.click('summary:has-text("Look at one item")');
  await desk.check('input[name=item][value=user_name]');
  await desk.fill('#reason', 'To find the order that is asked about.');
  await desk.click('form[action$="/reveal"] button');
  await desk.waitForLoadState();
  assert.ok((await desk.locator('main').innerText()).includes(person.user_name), 'shown for a reason');
  await look(desk, 'console-case-revealed');
  await page.goto(own);
  assert.match(await page.locator('.thread').innerText(), /To find the order that is asked about\./);
  await page.goto(`${avouch.site}/privacy/uses?days=30&purpose=support`);
  assert.match(await page.locator('main').innerText(), /officer/, 'in the history of uses, with who looked');
  await desk.goto(`${avouch.console}/`);
  await look(desk, 'console-today');
  await context.close();
});
