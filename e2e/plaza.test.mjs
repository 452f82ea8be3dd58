// The example community site over Avouch: it keeps nothing, so what a person decides holds on its next answer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { binary, expectAccessible, expectNoSideways, launch, shoot, startDemo, visit } from './support.mjs';

let avouch, browser, folder, plaza, site;

before(async () => {
  avouch = await startDemo();
  folder = await mkdtemp(join(tmpdir(), 'plaza-'));
  const credential = join(folder, 'credential');
  await writeFile(credential, `${avouch.credential}\n`, { mode: 0o600 });
  const words = ['--api', avouch.api, '--site', avouch.site, '--credential', credential, '--listen', '127.0.0.1:0'];
  plaza = spawn(join(dirname(binary()), 'plaza'), words, { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder });
  [site] = await once(createInterface({ input: plaza.stdout }), 'line');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  plaza?.kill();
  await avouch?.clean();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function logIn(page, person) {
  await page.goto(`${avouch.site}/login`);
  await page.fill('#name', person.user_name);
  await page.fill('#password', person.password);
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
}

const write = async (page, text) => {
  await page.goto(site);
  await page.fill('#text', text);
  await page.click('form[action="/posts"] button');
};

const order = async (page) => {
  await page.goto(site);
  return page.locator('article p:nth-child(2)').allTextContents();
};

for (const [lang, width, name] of [['en', 1280, 'zhao_yu'], ['zh-CN', 360, 'lin_mei']]) {
  test(`promise_2_2 what a person decides holds on the example's next answer (${lang}, ${width} px)`, async () => {
    const { page, context, outside } = await visit(browser, { lang, width, scripts: false });
    await page.goto(site);
    assert.equal(await page.locator('form').count(), 0, 'nobody writes who is not logged in');
    const person = avouch.people.find((p) => p.user_name === name);
    await logIn(page, person);
    // Publishing is a consent of its own: refused with what would help, and nothing is published.
    const topic = name === 'zhao_yu' ? 'food' : 'tea';
    await write(page, `More ${topic} by the river (${lang})`);
    assert.ok((await page.locator('[role=alert]').textContent()).length > 20);
    assert.ok(!(await order(page)).some((t) => t.includes(`(${lang})`)));
    const turn = async (purpose) => {
      await page.goto(`${avouch.site}/privacy/consents`);
      await page.click(`form[action="/privacy/consents/${purpose}"] button`);
    };
    await turn('publication');
    await write(page, `More ${topic} by the river (${lang})`);
    await write(page, `Rain all day (${lang})`);
    const mine = async () => (await order(page)).filter((t) => t.includes(`(${lang})`)).map((t) => t.split(' ')[0]);
    assert.deepEqual(await mine(), ['More', 'Rain'], 'by interests, which were allowed');
    await expectAccessible2(page);
    await shoot(page, `plaza-${lang}-${width}`);
    await page.goto(`${avouch.site}/privacy/recommendation`);
    await page.click('form[action="/privacy/recommendation/recommendation"] button');
    assert.deepEqual(await mine(), ['Rain', 'More'], 'by time, from the next answer on');
    await page.goto(site);
    await page.click('article:has-text("Rain") a');
    await page.fill('#text', 'Take an umbrella');
    await page.click('main form button');
    assert.ok((await page.locator('main').textContent()).includes('Take an umbrella'));
    await turn('publication');
    assert.deepEqual(await mine(), [], 'taken back with the consent');
    assert.deepEqual(outside, []);
    await context.close();
  });
}

/** Without scripts axe cannot run in the page: looked at by another visitor with the same cookies. */
async function expectAccessible2(page) {
  const cookies = await page.context().cookies();
  const { page: other, context } = await visit(browser, { width: page.viewportSize().width });
  await context.addCookies(cookies);
  await other.goto(page.url());
  await expectAccessible(other);
  await expectNoSideways(other);
  await context.close();
}

test('promise_2_0 a form from elsewhere writes nothing, and the example keeps no file', async () => {
  const { context, page } = await visit(browser);
  await logIn(page, avouch.people.find((p) => p.user_name === 'zhao_yu'));
  const cookie = (await context.cookies()).find((c) => c.name === '__Host-session');
  const answer = await fetch(`${site}/posts`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: `${cookie.name}=${cookie.value}`, 'sec-fetch-site': 'cross-site' },
    body: 'text=forged',
  });
  assert.equal(answer.status, 403);
  assert.deepEqual(await readdir(folder), ['credential']);
  await context.close();
});
