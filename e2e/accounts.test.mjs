// Accounts in a real browser, with mail taken by a real SMTP server and SMS by a real HTTP gateway: verifying,
// logging in by code, setting a new password, the second factor against oathtool. Both languages, wide and
// narrow, with and without scripts.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SMTPServer } from 'smtp-server';
import { WALKS, WIDTHS, launch, see, startDemo, visit } from './support.mjs';

const PASSWORD = 'lantern orbit velvet cactus';
const FRESH = 'saffron kettle driftwood glacier';
const SECRET = 'a secret shared with the gateway';
const policy = fileURLToPath(new URL('../policy', import.meta.url));

let avouch, browser, smtp, gateway, folder;
/** One of its own for each width: from one place come no more messages than a limit. */
const atWidth = new Map();
const mails = [];
const texts = [];

/** Waits for the next message that fits. */
async function next(box, fits) {
  for (let n = 0; n < 200; n += 1) {
    const at = box.findIndex(fits);
    if (at >= 0) return box.splice(at, 1)[0];
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no message came; there are ${JSON.stringify(box)}\n${avouch.log()}`);
}

const codeIn = (text) => text.match(/(?<!\d)\d{6}(?!\d)/)[0];
const mailTo = async (address) => codeIn((await next(mails, (m) => m.to === address)).text);
const textTo = async (number) => codeIn((await next(texts, (m) => m.to === number)).text);

/** The body of a mail as its reader sees it. */
function bodyOf(raw) {
  const [head, ...rest] = raw.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString();
  if (!/quoted-printable/i.test(head)) return body;
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'avouch-accounts-'));
  smtp = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, session, done) => {
      if (username === 'avouch' && password === 'the mail password') done(null, { user: username });
      else done(new Error('who is this?'));
    },
    onData: (stream, session, done) => {
      const parts = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', () => {
        const raw = Buffer.concat(parts).toString();
        for (const { address } of session.envelope.rcptTo) mails.push({ to: address, raw, text: bodyOf(raw) });
        done();
      });
    },
  });
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  gateway = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const signed = createHmac('sha256', SECRET).update(`${request.headers['x-time']}\n${body}`).digest('base64');
    const right = request.headers['x-signature'] === signed && request.method === 'POST';
    if (right) texts.push(JSON.parse(body));
    response.writeHead(right ? 200 : 403).end(right ? '{"code":"OK"}' : '{"code":"BAD"}');
  });
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  await writeFile(join(folder, 'mail.password'), 'the mail password\n');
  await writeFile(join(folder, 'sms.secret'), `${SECRET}\n`);
  const settings = (data) => `
data = "${data}"
policy = ${JSON.stringify(policy)}
origin = "plaza.example"
site = "127.0.0.1:0"
api = "127.0.0.1:0"
console = "127.0.0.1:0"

[mail.smtp]
host = "127.0.0.1"
port = ${smtp.server.address().port}
security = "none"
user = "avouch"
password_file = "mail.password"
from = "Plaza <no-reply@plaza.example>"

[outbound]
loopback = ["127.0.0.1:${gateway.address().port}"]

[sms.gateway]
url = "http://127.0.0.1:${gateway.address().port}/send"
form = "json"
body = '{"to":"{{to}}","text":"{{text}}","code":"{{code}}","template":"{{kind}}"}'
headers = { "X-Time" = "{{time}}" }
signature = { header = "X-Signature", over = "{{time}}\\n{{body}}", encoding = "base64" }
accepted = '"OK"'
secret_file = "sms.secret"
`;
  for (const width of WIDTHS) {
    const config = join(folder, `avouch-${width}.toml`);
    await writeFile(config, settings(`data-${width}`));
    atWidth.set(width, await startDemo({ data: folder, config }));
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const one of atWidth.values()) await one.stop();
  smtp?.close();
  gateway?.close();
  await rm(folder, { recursive: true, force: true });
});

const press = (page) => page.click('main form button.main');
const main = (page) => page.locator('main').innerText();

async function join_(page, name, { phone = '', email = '' }) {
  await page.goto(`${avouch.site}/join`);
  await page.fill('#user_name', name);
  if (phone) await page.fill('#phone', phone);
  if (email) await page.fill('#email', email);
  await page.fill('#password', PASSWORD);
  await page.check('input[name=age][value=adult]');
  await press(page);
  await page.waitForURL('**/privacy');
}

async function verify(page, item, code) {
  await page.goto(`${avouch.site}/privacy/security/verify/${item}`);
  await page.fill('#code', code);
  await press(page);
  await page.waitForURL('**/privacy/security');
}

async function logOut(page) {
  await page.click('header form button');
  await page.waitForURL('**/logged-out');
}

WALKS.forEach(({ lang, width, scripts, look }, n) => {
  const name = `account_${n}`;
  const email = `${name}@plaza.example`;
  const phone = `+861990001000${n}`;
  const at = (page, what) => see(page, `accounts-${what}-${look}`, { scripts });

  test(`promise_2_1 verified at joining, in by code, a new password by mail (${look})`, async () => {
    avouch = atWidth.get(width);
    const { page, context, outside } = await visit(browser, { lang, width, scripts });
    await join_(page, name, { phone, email });
    // The code is on its way at once, and one click from where joining ends.
    await at(page, 'joined');
    const mail = await next(mails, (m) => m.to === email);
    assert.match(mail.raw, /^From: "?Plaza"? <no-reply@plaza.example>/m);
    await page.click('main a[href="/privacy/security/verify/email"]');
    await at(page, 'verify');
    await page.fill('#code', '000000');
    await press(page);
    assert.ok((await page.locator('main .flash[role=alert]').innerText()).length > 5, 'a wrong code is told');
    await page.fill('#code', codeIn(mail.text));
    await press(page);
    await page.waitForURL('**/privacy/security');
    await verify(page, 'phone', await textTo(phone));
    assert.equal(await page.locator('main .mark.good').count(), 2, 'both are verified');
    await at(page, 'security');
    await logOut(page);

    // In by a code to the phone.
    await page.goto(`${avouch.site}/login`);
    await at(page, 'login');
    await page.click('main a[href="/login/code"]');
    await page.fill('#contact', phone);
    await at(page, 'code');
    await press(page);
    const toPerson = await main(page);
    await page.fill('#code', await textTo(phone));
    await at(page, 'code-enter');
    await press(page);
    await page.waitForURL('**/privacy');
    assert.ok(!page.url().includes('199'), 'nothing personal in the address');
    await logOut(page);
    // Nobody's address: the same page, and no message.
    await page.goto(`${avouch.site}/login/code`);
    await page.fill('#contact', `nobody_${n}@plaza.example`);
    await press(page);
    assert.equal(await main(page), toPerson);

    // A new password, by mail; told by SMS; the old one is no way in any more.
    await page.goto(`${avouch.site}/login`);
    await page.click('main a[href="/login/lost"]');
    await at(page, 'lost');
    await page.fill('#contact', email);
    await press(page);
    await at(page, 'lost-code');
    await page.fill('#code', await mailTo(email));
    await press(page);
    await at(page, 'reset');
    await page.fill('#password', 'short');
    await press(page);
    assert.equal(await page.locator('#password-error').count(), 1);
    await at(page, 'reset-wrong');
    await page.fill('#password', FRESH);
    await press(page);
    await page.waitForURL('**/login**');
    await next(texts, (m) => m.to === phone && m.template === 'password-reset');
    assert.ok(!mails.some((m) => m.to === `nobody_${n}@plaza.example`), 'nobody got nothing');
    await page.fill('#name', name);
    await page.fill('#password', PASSWORD);
    await press(page);
    assert.equal(await page.locator('main .flash[role=alert]').count(), 1);
    await page.fill('#name', name);
    await page.fill('#password', FRESH);
    await press(page);
    await page.waitForURL('**/privacy/security');
    assert.deepEqual(outside, []);
    await context.close();
  });

  test(`promise_2_1 the second factor agrees with oathtool and lets nobody in without it (${look})`, async () => {
    avouch = atWidth.get(width);
    const { page, context } = await visit(browser, { lang, width, scripts });
    const user = `factor_${n}`;
    await join_(page, user, { email: `${user}@plaza.example` });
    await verify(page, 'email', await mailTo(`${user}@plaza.example`));
    await page.click('main a[href="/privacy/security/factor"]');
    await at(page, 'factor-proof');
    await page.fill('#password', PASSWORD);
    await press(page);
    const secret = (await page.locator('code.secret').innerText()).replace(/\s/g, '');
    assert.equal(await page.locator('.qr svg').count(), 1);
    assert.match(await page.getAttribute('main a[href^=otpauth]', 'href'), new RegExp(`secret=${secret}&issuer=`));
    await at(page, 'factor');
    const oath = (from = 'now') => execFileSync('oathtool', ['--totp', '--base32', '--now', from, secret]).toString().trim();
    await page.fill('#code', oath());
    await press(page);
    const codes = await page.locator('.recovery code').allInnerTexts();
    assert.equal(codes.length, 10);
    await at(page, 'recovery');
    await logOut(page);
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', user);
    await page.fill('#password', PASSWORD);
    await press(page);
    await page.fill('#code', '000000');
    await press(page);
    assert.equal(await page.locator('main .flash[role=alert]').count(), 1, 'a wrong code is told');
    // The code of now was taken when it was turned on; the next step's is accepted a little early.
    await page.fill('#code', oath('30 seconds'));
    await at(page, 'factor-login');
    await press(page);
    await page.waitForURL('**/privacy');
    await logOut(page);
    // A recovery code in its place, and then it is turned off with another.
    await page.goto(`${avouch.site}/login`);
    await page.fill('#name', user);
    await page.fill('#password', PASSWORD);
    await press(page);
    await page.fill('#code', codes[0]);
    await press(page);
    await page.waitForURL('**/privacy');
    await page.goto(`${avouch.site}/privacy/security/factor/off`);
    await at(page, 'factor-off');
    await page.fill('#password', PASSWORD);
    await page.fill('#code', codes[1]);
    await press(page);
    await page.waitForURL('**/privacy/security');
    await next(mails, (m) => m.to === `${user}@plaza.example` && /第二重验证已关闭|turned off/.test(m.text));
    await context.close();
  });

  test(`promise_6_1 a new address is verified before it replaces the old, which is told (${look})`, async () => {
    avouch = atWidth.get(width);
    const { page, context } = await visit(browser, { lang, width, scripts });
    const user = `mover_${n}`;
    const [old, fresh] = [`${user}@plaza.example`, `${user}@moved.example`];
    await join_(page, user, { email: old });
    await verify(page, 'email', await mailTo(old));
    await page.click('main a[href="/privacy/items/email/correct"]');
    await at(page, 'correct');
    await page.fill('#value', fresh);
    await press(page);
    await at(page, 'change');
    await page.fill('#code', await mailTo(fresh));
    await press(page);
    await page.waitForURL('**/privacy/security');
    assert.equal(await page.locator('main .mark.good').count(), 1);
    const told = await next(mails, (m) => m.to === old);
    assert.match(told.text, /另|取代|another/);
    await page.goto(`${avouch.site}/privacy/items/email`);
    assert.match(await main(page), /moved\.example/);
    // The password is changed on a page of its own; all other logins end.
    const other = await visit(browser, { lang });
    await other.page.goto(`${avouch.site}/login`);
    await other.page.fill('#name', user);
    await other.page.fill('#password', PASSWORD);
    await press(other.page);
    await other.page.waitForURL('**/privacy');
    await page.goto(`${avouch.site}/privacy/security/password`);
    await at(page, 'password');
    await page.fill('#password', PASSWORD);
    await page.fill('#fresh', FRESH);
    await press(page);
    await page.waitForURL('**/privacy/security');
    await other.page.goto(`${avouch.site}/privacy`);
    assert.match(other.page.url(), /\/login/);
    await other.context.close();
    await context.close();
  });
});

test('promise_5_5 neither address nor code stands in the data folder, nor in what is logged', async () => {
  avouch = atWidth.get(1280);
  const { page, context } = await visit(browser, {});
  await join_(page, 'hidden_one', { email: 'canary00000042@plaza.example' });
  const code = await mailTo('canary00000042@plaza.example');
  const files = [];
  const walk = async (at) => {
    for (const name of await readdir(at)) {
      const path = join(at, name);
      if ((await stat(path)).isDirectory()) await walk(path);
      else files.push(path);
    }
  };
  await walk(join(folder, 'data-1280'));
  for (const file of files) {
    assert.ok(!(await readFile(file)).includes('canary00000042'), file);
  }
  assert.ok(!avouch.log().includes('canary00000042') && !avouch.log().includes(code));
  await context.close();
});
