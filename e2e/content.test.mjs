// What people put up, in a real browser: sent by a form, looked at, published, taken back, deleted; in both
// languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { WALKS, inEveryLook, launch, see, startDemo, visit } from './support.mjs';

const PASSWORD = 'lantern orbit velvet cactus';

let avouch, browser;

before(async () => {
  avouch = await startDemo();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await avouch?.clean();
});

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let n = 0; n < 8; n++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A PNG of one colour with a text beside its pixels, and a second nature behind its end. */
function png(width, height, note) {
  const chunk = (kind, body) => {
    const named = Buffer.concat([Buffer.from(kind), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x5a)]);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from(`Comment\0${note}`)),
    chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)))),
    chunk('IEND', Buffer.alloc(0)),
    Buffer.from(`<script>${note}</script>`),
  ]);
}

async function join(page, name) {
  await page.goto(`${avouch.site}/join`);
  await page.fill('#user_name', name);
  await page.fill('#email', `${name}@plaza.example`);
  await page.fill('#password', PASSWORD);
  await page.check('input[name=age][value=adult]');
  await page.click('main form button.main');
  await page.waitForURL('**/privacy');
}

/** The cookie header of this visitor: what a request outside a page must be given, for the cookies are `Secure`. */
async function carried(context) {
  return { cookie: (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ') };
}

async function choose(page, name, buffer) {
  await page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer });
  await page.click('main form button.main');
  await page.waitForLoadState();
}

for (const { lang, width, scripts, look } of WALKS) {
  test(`promise_1_3 a picture is put up, published, taken back and deleted (${look})`, async () => {
    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    const name = `painter_${look.replaceAll('-', '_').toLowerCase()}`;
    const at = (what) => see(page, `content-${what}-${look}`, { scripts });
    await join(page, name);
    await page.click('nav.parts a[href="/privacy/content"]');
    assert.equal(await page.locator('.things li').count(), 0);

    // What a file is, its content says: a drawing with a program is refused, and told why.
    await choose(page, 'holiday.png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'));
    assert.match(await page.locator('[role=alert]').innerText(), /SVG/);
    await at('refused');

    const note = `secret-note-of-${name}`;
    await choose(page, 'any name at all.exe', png(900, 500, note));
    const picture = page.locator('.things img');
    assert.equal(await picture.count(), 1);
    const small = await context.request.get(new URL(await picture.getAttribute('src'), avouch.site).href, {
      headers: await carried(context),
    });
    assert.equal(small.status(), 200);
    assert.equal(small.headers()['x-content-type-options'], 'nosniff');
    assert.match(small.headers()['content-security-policy'], /sandbox/);
    assert.ok(!(await small.body()).includes(note));
    if (scripts) {
      const wide = await picture.evaluate((img) => img.decode().then(() => img.naturalWidth));
      assert.equal(wide, 480, 'it is shown');
    }

    // Publishing is asked for first, then one click each way.
    assert.equal(await page.locator('form[action$="/publish"]').count(), 0);
    await at('private');
    await page.click('main a[href="/privacy/consents#publication"]');
    await page.click('#publication button[role=switch]');
    await page.goto(`${avouch.site}/privacy/content`);
    await page.click('form[action$="/publish"] button');
    await page.waitForURL('**/privacy/content');
    assert.equal(await page.locator('form[action$="/unpublish"]').count(), 1);
    await page.click('form[action$="/unpublish"] button');
    await page.waitForURL('**/privacy/content');
    assert.equal(await page.locator('form[action$="/publish"]').count(), 1);

    // Looked at whole, then deleted: nothing of it is left.
    await page.click('.things .doings a.button');
    await at('whole');
    const address = await page.locator('img.whole').getAttribute('src');
    const own = await carried(context);
    const part = await context.request.get(avouch.site + address, { headers: { ...own, range: 'bytes=0-7' } });
    assert.equal(part.status(), 206);
    assert.equal((await part.body()).toString('latin1'), '\x89PNG\r\n\x1a\n');
    await page.click('main .doings a[href$="/delete"]');
    await at('delete');
    await page.click('main form button');
    assert.equal((await context.request.get(avouch.site + address, { headers: own })).status(), 404);
    await page.goto(`${avouch.site}/privacy/content`);
    assert.equal(await page.locator('.things li').count(), 0);
    assert.deepEqual(outside, []);
    await context.close();
  });
}

test('a file is not taken from another page of the world, nor without the form’s token', async () => {
  const { page, context } = await visit(browser);
  await join(page, 'forged_file');
  const send = async (headers, csrf) =>
    context.request.post(`${avouch.site}/privacy/content`, {
      headers: { ...(await carried(context)), ...headers },
      multipart: { csrf, file: { name: 'a.png', mimeType: 'image/png', buffer: png(10, 10, 'x') } },
    });
  await page.goto(`${avouch.site}/privacy/content`);
  const token = await page.locator('main form input[name=csrf]').first().inputValue();
  assert.equal((await send({}, 'not the token')).status(), 403);
  assert.equal((await send({ 'sec-fetch-site': 'cross-site' }, token)).status(), 403);
  assert.equal((await send({ origin: 'https://elsewhere.example' }, token)).status(), 403);
  await page.reload();
  assert.equal(await page.locator('.things li').count(), 0);
  assert.equal((await send({ 'sec-fetch-site': 'same-origin' }, token)).status(), 200, 'from its own page it is taken');
  await page.reload();
  assert.equal(await page.locator('.things li').count(), 1);
  await context.close();
});

test('the pages of content are accessible and lose nothing, in every look', async () => {
  const [person] = avouch.people;
  await inEveryLook(browser, async ({ page, outside }, look) => {
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', person.user_name);
    await page.fill('#password', person.password);
    await page.click('main form button.main');
    await page.waitForURL('**/privacy');
    await page.goto(`${avouch.site}/privacy/content`);
    await choose(page, 'a.png', png(700, 400, 'a note'));
    await see(page, `content-${look}`);
    await page.click('.things .doings a.button');
    await see(page, `thing-${look}`);
    assert.deepEqual(outside, []);
  });
});
