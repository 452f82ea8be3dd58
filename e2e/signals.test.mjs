// What devices send: nothing before the person agrees, by kind and purpose afterwards, deleted by one click, and
// given back when the answer is withdrawn; in both languages, wide and narrow, with and without scripts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WALKS, launch, see, startDemo, visit } from './support.mjs';

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

/** A call of the demo's service. */
async function call(method, path, body) {
  const response = await fetch(`${avouch.api}/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${avouch.credential}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, said: await response.json() };
}

let nth = 0;
for (const { lang, width, scripts, look } of WALKS) {
  test(`promise_1_6 nothing before the answer, seen and deleted afterwards (${look})`, async () => {
    nth += 1;
    const name = `device_owner_${nth}`;
    const values = { user_name: name, email: `${name}@plaza.example`, password: PASSWORD };
    const { subject } = (await call('POST', 'subjects', { values, age: 'adult' })).said;
    const batch = { purpose: 'analytics', events: [{ item: 'function_used', fields: { function: 'search' } }] };
    assert.equal((await call('POST', `subjects/${subject}/signals`, batch)).status, 403);

    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    const at = (what) => see(page, `signals-${what}-${look}`, { scripts });
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', name);
    await page.fill('#password', PASSWORD);
    await page.click('main form button.main');
    await page.waitForURL('**/privacy');
    await page.click('nav.parts a[href="/privacy/signals"]');
    await at('none');
    assert.equal(await page.locator('#analytics-function_used').count(), 0);
    await page.goto(`${avouch.site}/privacy/consents`);
    await at('consents');
    await page.click('#analytics button[role=switch]');

    const taken = await call('POST', `subjects/${subject}/signals`, batch);
    assert.deepEqual([taken.status, taken.said.events.map((e) => e.taken)], [200, [true]], JSON.stringify(taken.said));
    const wrong = { purpose: 'analytics', events: [{ item: 'function_used', fields: { shoe_size: 42 } }] };
    assert.equal((await call('POST', `subjects/${subject}/signals`, wrong)).said.events?.[0]?.taken ?? false, false);
    const permits = await call('PUT', `subjects/${subject}/permissions`, { camera: 'denied' });
    assert.equal(permits.status, 200, JSON.stringify(permits.said));

    await page.goto(`${avouch.site}/privacy/signals`);
    assert.equal(await page.locator('#analytics-function_used').count(), 1);
    assert.match(await page.locator('main section >> nth=-1').innerText(), /camera|相机/i);
    await at('given');
    await page.click('#analytics-function_used form button');
    await page.waitForURL('**/privacy/signals');
    assert.equal(await page.locator('#analytics-function_used').count(), 0);

    // Withdrawn: refused on the very next call.
    await page.goto(`${avouch.site}/privacy/consents`);
    await page.click('#analytics button[role=switch]');
    assert.equal((await call('POST', `subjects/${subject}/signals`, batch)).status, 403);
    assert.deepEqual(outside, []);
    await context.close();
  });
}
