// A fresh browser that has answered nothing: not a byte of the store changes while it looks at every page that is
// open to it. What a person who has answered nothing leaves behind is the security log the law asks for, and that log
// serves nothing else. Promises 1.4 to 1.6, 2.0 and 3.5.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LANGUAGES, call, launch, startDemo, visit } from './support.mjs';

const PASSWORD = 'driftwood fennel kettle saffron';

let avouch;
let browser;
before(async () => {
  avouch = await startDemo();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await avouch?.clean();
});

/** A digest of every file of the data folder but SQLite's index of its log, which readers touch too. */
async function store() {
  const digests = new Map();
  for (const entry of await readdir(avouch.data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('-shm')) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    digests.set(path, createHash('sha256').update(await readFile(path)).digest('hex'));
  }
  return digests;
}

/** Every page of this site that can be reached from the home page by links alone. */
async function everyPage(page) {
  const seen = new Set();
  const open = ['/'];
  while (open.length > 0) {
    const path = open.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    // What is to be saved is fetched, not shown.
    if (/\.(md|txt|json|atom)$/.test(path)) {
      assert.equal((await page.context().request.get(avouch.site + path)).status(), 200, path);
      continue;
    }
    await page.goto(avouch.site + path);
    const links = await page.locator('a[href]').evaluateAll((all) => all.map((a) => a.href));
    for (const link of links) {
      const url = new URL(link);
      if (url.origin === new URL(avouch.site).origin) open.push(url.pathname + url.search);
    }
  }
  return seen;
}

for (const lang of LANGUAGES) {
  for (const scripts of [true, false]) {
    test(`promise_2_0 a fresh browser leaves not a byte in the store (${lang}, scripts ${scripts})`, async () => {
      const before = await store();
      const { page, context, outside } = await visit(browser, { lang, scripts });
      const seen = await everyPage(page);
      for (const path of ['/', '/policy', '/contact', '/login', '/join']) assert.ok(seen.has(path), `${path} is linked`);
      const names = (await context.cookies()).map(({ name }) => name);
      const kept = await page.evaluate(() => localStorage.length + sessionStorage.length).catch(() => 0);
      assert.deepEqual([kept, outside], [0, []], 'nothing is kept in the browser or sent to strangers');
      for (const name of names) assert.match(name, /^(__Host-(csrf|session)|lang)$/, 'only what is necessary');
      assert.deepEqual(await store(), before, 'nothing was written');
      await context.close();
    });
  }
}

test('promise_1_6 of who has answered nothing there is the security log, and it serves nothing else', async () => {
  const values = { user_name: 'silent_person', email: 'silent_person@plaza.example', password: PASSWORD };
  const { body: opened } = await call(avouch, 'POST', '/v1/subjects', { body: { age: 'adult', values } });
  const signals = `/v1/subjects/${opened.subject}/signals`;
  const send = (purpose, item, fields) => call(avouch, 'POST', signals, { body: { purpose, events: [{ item, fields }] } });
  for (const [purpose, item, fields] of [
    ['analytics', 'function_used', { function: 'search' }],
    ['analytics', 'device_model', { model: 'Model 1' }],
    ['analytics', 'network_log', { event: 'search' }],
    ['recommendation', 'function_used', { function: 'search' }],
  ]) {
    const { status } = await send(purpose, item, fields);
    assert.equal(status, 403, `${item} for ${purpose}`);
  }
  const log = await send('security', 'network_log', { event: 'page' });
  assert.deepEqual([log.status, log.body.events?.map((e) => e.taken)], [200, [true]], JSON.stringify(log.body));
  const read = (purpose) => call(avouch, 'GET', `${signals}?purpose=${purpose}&items=network_log`);
  assert.equal((await read('security')).status, 200);
  for (const purpose of ['analytics', 'marketing', 'recommendation', 'account']) {
    const { status, body } = await read(purpose);
    assert.equal(status, 403, `${purpose}: ${JSON.stringify(body)}`);
  }
});
