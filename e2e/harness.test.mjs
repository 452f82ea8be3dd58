// The harness, held to a page of its own: what it counts, finds and sees must be so.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { axe, expectAccessible, expectNoSideways, inEveryLook, launch, shoot, visit } from './support.mjs';

const page = (lang, body) => `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A page</title>
<style>:root{color-scheme:light dark}</style></head><body><main><h1>${lang}</h1>${body}</main></body></html>`;

const pages = {
  '/': () => '<p><a href="/form">Go on</a></p>',
  '/form': () => '<form action="/done"><label>Name <input name="n"></label> <label><input type="checkbox" name="c"> Yes</label> <button>Send</button></form>',
  '/done': () => '<p>Done.</p>',
  '/faulty': () => '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><input name="nameless">',
  '/wide': () => '<div style="width:2000px">wide</div>',
  '/tells': () => '<img alt="" src="http://stats.example/pixel.gif">',
};

let server, browser, site;

before(async () => {
  server = createServer((request, response) => {
    const lang = (request.headers['accept-language'] ?? 'en').split(',')[0];
    const body = pages[new URL(request.url, 'http://x').pathname];
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; form-action 'self'");
    response.setHeader('set-cookie', '__Host-seen=1; Path=/; Secure; HttpOnly; SameSite=Lax');
    response.statusCode = body ? 200 : 404;
    response.end(page(lang, body ? body() + `<p id="cookie">${request.headers.cookie ?? ''}</p>` : ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

test('clicks and activations are counted, typing is not', async () => {
  const { page, clicks, context } = await visit(browser);
  await page.goto(site);
  const way = await clicks.of(async () => {
    await page.getByRole('link', { name: 'Go on' }).click();
    await page.getByLabel('Name').fill('A B');
    await page.getByLabel('Name').pressSequentially(' C');
    await page.getByLabel('Yes').check();
    await page.getByRole('button', { name: 'Send' }).press('Enter');
    await page.getByText('Done.').waitFor();
  });
  assert.equal(way, 3);
  await page.evaluate(() => document.body.click());
  assert.equal(clicks.count, 3, 'a click made by a script is none');
  await page.goto(`${site}/form`);
  assert.equal(await clicks.of(() => page.getByLabel('Name').press('Enter')), 1, 'Enter in a field sends the form');
  await context.close();
});

test('axe works under a strict policy, finds planted faults, and nothing on a good page', async () => {
  const { page, context } = await visit(browser);
  await page.goto(`${site}/form`);
  await expectAccessible(page);
  await page.goto(`${site}/faulty`);
  const found = (await axe(page)).map((fault) => fault.id).sort();
  assert.deepEqual(found, ['image-alt', 'label']);
  await assert.rejects(expectAccessible(page), /image-alt/);
  await context.close();
});

test('a page wider than its window is found', async () => {
  const { page, context } = await visit(browser, { width: 360 });
  await page.goto(`${site}/form`);
  await expectNoSideways(page);
  await page.goto(`${site}/wide`);
  await assert.rejects(expectNoSideways(page), /2\d\d\d px wide in a window of 360 px/);
  await context.close();
});

test('what a page asks of strangers is seen', async () => {
  const { page, outside, context } = await visit(browser);
  await page.goto(`${site}/form`);
  assert.deepEqual(outside, []);
  await page.goto(`${site}/tells`);
  assert.deepEqual(outside, ['http://stats.example/pixel.gif']);
  await context.close();
});

test('__Host- cookies hold on this machine without TLS', async () => {
  const { page, context } = await visit(browser);
  await page.goto(site);
  await page.goto(`${site}/done`);
  assert.equal(await page.locator('#cookie').textContent(), '__Host-seen=1');
  await context.close();
});

test('without scripts pages still open', async () => {
  const { page, context } = await visit(browser, { scripts: false });
  await page.goto(site);
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Done.').waitFor();
  await context.close();
});

test('every look is seen once, and pictured', async () => {
  const names = [];
  await inEveryLook(browser, async ({ page, lang, width }, name) => {
    await page.goto(site);
    assert.equal(await page.locator('h1').textContent(), lang);
    assert.equal(await page.evaluate(() => innerWidth), width);
    assert.equal(await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches), name.includes('dark'));
    if (width === 360) {
      const path = await shoot(page, `harness-${name}`);
      assert.ok((await stat(path)).size > 1000);
    }
    names.push(name);
  });
  assert.equal(new Set(names).size, 8);
});
