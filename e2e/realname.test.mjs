// Real names in a real browser, in both languages, wide and narrow, with and without scripts: the notice first,
// the agreement apart, a check by staff, the answer, a change, the deletion; and a child with a guardian.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WALKS, call, everyone, expectAccessible, expectNoSideways, launch, see, shoot, startDemo, visit } from './support.mjs';

const PASSWORD = 'lantern orbit velvet cactus';
const NAME = '林梅';

/** A resident number with a check character that fits (ISO 7064 MOD 11-2). */
function number(birth) {
  const body = `310115${birth}123`;
  const p = [...body].reduce((sum, c) => ((sum + Number(c)) * 2) % 11, 0);
  const check = (12 - p) % 11;
  return body + (check === 10 ? 'X' : check);
}

const GROWN = number('19800101');

let avouch, browser, staff;

before(async () => {
  avouch = await startDemo();
  browser = await launch();
  staff = await visit(browser, { lang: 'en' });
  await staff.page.goto(avouch.console_link);
  await staff.page.click('main form button');
  await staff.page.waitForURL((url) => url.pathname === '/');
});

after(async () => {
  await staff?.context.close();
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

async function claim(page, id) {
  await page.check('input[name=document][value=resident-id]');
  await page.fill('#name', NAME);
  await page.fill('#number', id);
  await page.click('main form[action="/privacy/real-name"] button.main');
  await page.waitForLoadState();
}

/** Staff open the oldest check, compare, and say so. */
async function decide(verdict, look) {
  const { page } = staff;
  await page.goto(`${avouch.console}/names`);
  await page.click('main form button');
  await page.waitForLoadState();
  if (look) await look(page);
  await page.click(`button[value=${verdict}]`);
  await page.waitForURL('**/names');
}

for (const { lang, width, scripts, look } of WALKS) {
  const tag = `${lang.slice(0, 2)}_${width}_${scripts ? 'js' : 'no'}`;
  const who = `real_${tag}`;
  const at = (page, what) => see(page, `realname-${look}-${what}`, { scripts });

  test(`promise_1_2 told, agreed, checked, changed, deleted (${look})`, async () => {
    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    await join(page, who);
    await page.click('main ~ nav a[href="/privacy/real-name"], nav.parts a[href="/privacy/real-name"]');
    await page.waitForURL('**/privacy/real-name');

    // The notice stands alone: nothing is asked before it is answered.
    assert.equal(await page.locator('#number').count(), 0);
    const notice = await page.locator('main').innerText();
    assert.match(notice, lang === 'en' ? /1 year/ : /1 ?年/, 'for how long');
    assert.match(notice, lang === 'en' ? /True Name Check/ : /实名核验服务/, 'who outside gets it');
    assert.match(notice, lang === 'en' ? /someone could pose as you/ : /冒用身份/, 'what a leak could do');
    const [yes, no] = await Promise.all(['give', 'later'].map((v) => page.locator(`button[value=${v}]`).getAttribute('class')));
    assert.equal(yes, no, 'yes and no weigh the same');
    await at(page, 'notice');
    await page.click('button[value=later]');
    await page.waitForURL('**/privacy');

    await page.goto(`${avouch.site}/privacy/real-name`);
    await page.click('button[value=give]');
    await page.waitForURL('**/privacy/real-name');
    assert.equal(await page.locator('input[name=document]:checked').count(), 0, 'nothing is chosen beforehand');
    assert.ok(await page.locator('input[name=method][value=review]').count(), 'a way without a machine');
    await at(page, 'form');

    // A slip is told where it is, and the number stays in the form alone.
    await claim(page, GROWN.slice(0, 17) + (GROWN.endsWith('1') ? '2' : '1'));
    const error = await page.locator('#number-error').innerText();
    assert.ok(error.length > 5 && !/\d{6}/.test(error));
    await at(page, 'slip');
    await claim(page, GROWN);
    await page.waitForURL('**/privacy/real-name');
    assert.ok(await page.locator('#state').innerText());
    await at(page, 'waiting');

    await decide('confirm', async (desk) => {
      const shown = await desk.locator('main').innerText();
      assert.ok(shown.includes(NAME) && shown.includes(GROWN));
      await expectAccessible(desk);
      await expectNoSideways(desk);
      await shoot(desk, 'realname-console');
    });
    await page.goto(`${avouch.site}/privacy/real-name`);
    assert.equal(await page.locator('#number').count(), 0, 'confirmed, the form is closed');
    await at(page, 'confirmed');

    // Held masked; shown by a click and the password. The fresh login counts as shown, so a later one is used.
    await page.goto(`${avouch.site}/privacy`);
    const overview = await page.locator('main').innerText();
    assert.ok(!overview.includes(GROWN) && !overview.includes(NAME), 'half hidden in the overview');
    await page.goto(`${avouch.site}/privacy/items/id_number`);
    assert.match(await page.locator('main').innerText(), /310/);
    assert.equal(await page.locator('a[href$="/correct"]').count(), 0, 'corrected by a new check alone');
    await page.goto(`${avouch.site}/privacy/items/id_number/correct`);
    assert.equal(await page.locator('#value').count(), 0);

    // Withdrawn by one click, and gone.
    await page.goto(`${avouch.site}/privacy/real-name`);
    await page.click('button[value=withdraw]');
    await page.waitForURL('**/privacy/real-name');
    assert.equal(await page.locator('#number').count(), 0);
    await page.goto(`${avouch.site}/privacy/items/id_number`);
    assert.doesNotMatch(await page.locator('main').innerText(), /310/);
    assert.deepEqual(outside, []);
    await context.close();
  });

  test(`promise_6_5 a child waits for a guardian who agrees and can withdraw (${look})`, async () => {
    const of = (what) => `${what}_${tag}`;
    const child = await visit(browser, { lang, width, scripts });
    const guardian = await visit(browser, { lang, width, scripts });
    for (const [visitor, who, birth] of [[child, of('child'), '20170505'], [guardian, of('guard'), '19800101']]) {
      const { page } = visitor;
      await join(page, who);
      await page.goto(`${avouch.site}/privacy/real-name`);
      await page.click('button[value=give]');
      await page.waitForURL('**/privacy/real-name');
      await claim(page, number(birth));
      await decide('confirm');
    }
    const { page } = child;
    await page.goto(`${avouch.site}/privacy/real-name`);
    assert.equal(await page.locator('#number').count(), 0, 'nothing more is taken of a child');
    await at(page, 'child');
    await page.click('main a[href="/privacy/guardian"]');
    await page.fill('#who', of('guard'));
    await page.click('main form[action="/privacy/guardian"] button.main');
    const code = await page.locator('strong.code').innerText();
    await at(page, 'child-asked');

    const { page: elder } = guardian;
    await elder.goto(`${avouch.site}/privacy/guardian`);
    await at(elder, 'guardian');
    await elder.check('input[name=relation][value=parent]');
    await elder.fill('#code', 'AAAA-AAAA');
    await elder.fill('#evidence', 'Household register 310115');
    await elder.click('form[action$="/confirm"] button.main');
    assert.ok(await elder.locator('#code-error').count());
    await at(elder, 'guardian-wrong');
    await elder.check('input[name=relation][value=parent]');
    await elder.fill('#code', code);
    await elder.click('form[action$="/confirm"] button.main');
    await elder.waitForURL('**/privacy/guardian');
    await page.goto(`${avouch.site}/privacy/guardian`);
    assert.equal(await page.locator('#who').count(), 0);
    await at(page, 'child-agreed');
    await at(elder, 'guardian-agreed');
    await elder.click('form[action$="/end"] button');
    await page.goto(`${avouch.site}/privacy/guardian`);
    assert.equal(await page.locator('#who').count(), 1, 'from the next moment on a guardian is missing again');

    // The other way round: the guardian agrees ahead, and the child joins with the code.
    await elder.check('input[name=relation][value=parent]');
    await elder.fill('#evidence', 'Household register 310115');
    await elder.click('form[action$="/invite"] button.main');
    await elder.waitForURL('**/privacy/guardian');
    const invitation = await elder.locator('strong.code').innerText();
    await at(elder, 'invited');
    const other = await visit(browser, { lang, width, scripts });
    const fill = async (secret) => {
      await other.page.fill('#user_name', of('kid'));
      await other.page.fill('#email', `${of('kid')}@plaza.example`);
      await other.page.fill('#password', PASSWORD);
      await other.page.check('input[name=age][value=child]');
      await other.page.fill('#invitation', secret);
      await other.page.click('main form button.main');
      await other.page.waitForLoadState();
    };
    await other.page.goto(`${avouch.site}/join`);
    await fill('');
    assert.ok((await other.page.locator('#age-error').innerText()).length > 20, 'told what to do');
    await at(other.page, 'child-joins');
    await fill(invitation);
    await other.page.waitForURL('**/privacy');
    await other.page.goto(`${avouch.site}/privacy/guardian`);
    assert.equal(await other.page.locator('#who').count(), 0, 'agreed already');
    await other.context.close();
    await child.context.close();
    await guardian.context.close();
  });
}

test('promise_1_2 the service API takes no real name, consented or not', async () => {
  const body = { purpose: 'real_name', item: 'id_number', value: GROWN };
  const [{ subject }] = await everyone(avouch, 'support', 'user_name');
  const refused = await call(avouch, 'POST', `/v1/subjects/${subject}/records`, { body });
  assert.equal(refused.status, 403);
  assert.ok(refused.body.reasons.every((r) => r.code && r.clause && r.remedy), JSON.stringify(refused.body));
});
