// Coming from an existing table: brought in by the command, in by the old password, asked about what nobody can
// document, in both languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { WALKS, binary, launch, see, startDemo, visit } from './support.mjs';

const run = promisify(execFile);
// Of `correct horse battery staple`, made by another program.
const HASH = '$2b$05$kq7deJivCjAieTp6LVWBlOxkmM3dEYOmIuALW7WtM8ZeoyNg8gtqq';
const MAPPING = `
service = "plaza"
external_id = "id"
joined = "created_at"

[items.login]
item = "user_name"
source = "provided"
basis = "contract"

[items.hash]
item = "password"
source = "provided"
basis = "contract"

[items.nick]
item = "nickname"

[items.likes]
item = "interests"
purpose = "recommendation"
source = "provided"
basis = "consent"
`;

let data;
let avouch;
let browser;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'avouch-import-'));
  await (await startDemo({ data })).stop();
  const lines = ['id,login,hash,nick,likes,created_at'];
  WALKS.forEach((_, n) => lines.push(`${n},old_person_${n},${HASH},Nick of ${n},chess and tea ${n},2021-03-04`));
  await writeFile(join(data, 'users.csv'), lines.join('\n'));
  await writeFile(join(data, 'users.toml'), MAPPING);
  const words = ['import', join(data, 'users.csv'), '--mapping', join(data, 'users.toml'), '--name', 'old-plaza', '--data', data, '--json'];
  const told = JSON.parse((await run(binary(), words)).stdout).data;
  assert.deepEqual([told.partly, told.refused], [WALKS.length, 0]);
  avouch = await startDemo({ data });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await avouch?.stop();
  await rm(data, { recursive: true, force: true });
});

WALKS.forEach(({ lang, width, scripts, look }, n) => {
  test(`promise_2_0 in by the old password, asked, kept and deleted (${look})`, async () => {
    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', `old_person_${n}`);
    await page.fill('#password', 'correct horse battery staple');
    await page.click('main form button.main');
    await page.waitForURL('**/privacy/waiting');
    await see(page, `waiting-${look}`, { scripts });
    assert.match(await page.locator('#account').innerText(), new RegExp(`Nick of ${n}`));

    // Nothing of it is held, and nothing was agreed to.
    await page.goto(`${avouch.site}/privacy`);
    assert.equal(await page.locator('a[href="/privacy/items/nickname"]').count(), 0);
    await page.click('main a[href="/privacy/waiting"]');

    // One click each way.
    await page.click('#recommendation button >> nth=1');
    await page.waitForURL('**/privacy/waiting');
    assert.equal(await page.locator('#recommendation').count(), 0);
    await page.click('#account button >> nth=0');
    await page.waitForURL('**/privacy/waiting');
    assert.equal(await page.locator('main section').count(), 0);

    await page.goto(`${avouch.site}/privacy`);
    assert.equal(await page.locator('a[href="/privacy/items/nickname"]').count(), 1);
    assert.equal(await page.locator('a[href="/privacy/items/interests"]').count(), 0);
    assert.equal(await page.locator('main a[href="/privacy/waiting"]').count(), 0);
    await page.goto(`${avouch.site}/privacy/items/external_id`);
    await see(page, `waiting-item-${look}`, { scripts });
    assert.deepEqual(outside, []);
    await context.close();
  });
});
