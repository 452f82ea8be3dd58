// What every browser test uses: Avouch itself, a browser, and ways to look and count.
//
//   const avouch = await startDemo();             // a fresh data folder, free ports
//   const browser = await launch();
//   const { page, clicks } = await visit(browser, { lang: 'zh-CN', scheme: 'dark', width: 360 });
//   …
//   await expectAccessible(page);
//   await shoot(page, 'centre');
//   await browser.close(); await avouch.stop();

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');
const output = join(here, 'output');

export const LANGUAGES = ['en', 'zh-CN'];
export const SCHEMES = ['light', 'dark'];
/** Widths in CSS pixels: a desk, and the narrowest phone we promise. */
export const WIDTHS = [1280, 360];
/** Every way to walk through a flow with forms: in each language, wide and narrow, with and without scripts. `look` names it. */
export const WALKS = LANGUAGES.flatMap((lang) => WIDTHS.flatMap((width) => [true, false].map((scripts) => (
  { lang, width, scripts, look: `${lang}-${width}${scripts ? '' : '-plain'}` }
))));

/** The command: as named by AVOUCH_BIN, else the newer of the two builds in target/. */
export function binary() {
  if (process.env.AVOUCH_BIN) return process.env.AVOUCH_BIN;
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const built = ['release', 'debug']
    .map((profile) => join(target, profile, 'avouch'))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  assert.ok(built.length > 0, 'there is no avouch in target/: run `cargo build -p avouch-cli` first');
  return built[0];
}

/**
 * Runs `avouch demo` and gives what its one line of JSON says ({ site, api, console, credential,
 * console_link, … }, addresses as full URLs) with:
 *   data          its data folder
 *   stop(signal)  ends it (SIGTERM; 'SIGKILL' for the tests of crashes) and waits
 *   clean()       ends it and removes the data folder, where the folder was made here
 * With { data } it runs on an existing folder; { args } are added to the command. With { config } it is
 * `avouch serve` on that file instead.
 */
export async function startDemo({ data, config, args = [] } = {}) {
  const own = data === undefined;
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'avouch-e2e-')));
  const any = '127.0.0.1:0';
  const words = config ? ['serve', '--config', config, '--json', ...args] : ['demo', '--data', folder, '--site', any, '--api', any, '--console', any, '--json', ...args];
  const child = spawn(binary(), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => { said = (said + chunk).slice(-8000); });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => text),
    ended.then(([code, signal]) => {
      throw new Error(`avouch demo ended with ${code ?? signal} before it was ready:\n${said}`);
    }),
  ]);
  let told;
  try {
    told = JSON.parse(line).data;
  } catch {
    child.kill('SIGKILL');
    throw new Error(`avouch demo printed no JSON but: ${line}\n${said}`);
  }
  for (const face of ['site', 'api', 'console']) told[face] = asUrl(told[face]);
  const stop = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
  };
  const clean = async () => {
    await stop();
    if (own) await rm(folder, { recursive: true, force: true });
  };
  return { ...told, data: folder, pid: child.pid, log: () => said, stop, clean };
}

/** An address as the start of URLs: with a scheme, without a slash at its end. */
function asUrl(address) {
  assert.equal(typeof address, 'string', 'avouch demo --json names site, api and console');
  return (address.includes('://') ? address : `http://${address}`).replace(/\/$/, '');
}

/** Debian's Chromium, or the one named by CHROMIUM. It speaks to nobody but the pages it is sent to. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A visitor of their own: nothing kept from others. Gives { context, page, clicks, outside }:
 *   clicks   counts what the person does, see Clicks
 *   outside  every address asked that is not on this machine; a page of ours asks none
 */
export async function visit(browser, options = {}) {
  const { lang = 'en', scheme = 'light', width = 1280, scripts = true, ...rest } = options;
  const context = await browser.newContext({
    locale: lang,
    colorScheme: scheme,
    viewport: { width, height: width < 600 ? 740 : 900 },
    javaScriptEnabled: scripts,
    reducedMotion: 'reduce',
    ...rest,
  });
  context.setDefaultTimeout(15_000);
  const outside = [];
  context.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
      outside.push(request.url());
    }
  });
  const clicks = new Clicks();
  if (scripts) await clicks.listen(context);
  const page = await context.newPage();
  return { context, page, clicks, outside };
}

/**
 * Counts what a person does to get somewhere: every real press of a pointer, and every Enter or Space
 * that activates something. Typing and moving the focus are free. Events made by scripts do not count.
 */
export class Clicks {
  #count = 0;

  async listen(context) {
    await context.exposeBinding('__avouchPressed', () => { this.#count += 1; });
    await context.addInitScript(() => {
      const press = () => window.__avouchPressed();
      addEventListener('pointerdown', (event) => {
        if (event.isTrusted && event.isPrimary && event.button === 0) press();
      }, { capture: true });
      addEventListener('keydown', (event) => {
        if (!event.isTrusted || event.repeat) return;
        const on = event.target instanceof Element ? event.target : document.body;
        const enter = event.key === 'Enter' && on.matches('a[href], button, summary, input, select');
        const space = event.key === ' ' && on.matches('button, summary, [type=checkbox], [type=radio], [type=submit]');
        if (enter || space) press();
      }, { capture: true });
    });
  }

  /** How many so far. */
  get count() { return this.#count; }

  /** Runs `way` and gives how many it took. */
  async of(way) {
    const before = this.#count;
    await way();
    return this.#count - before;
  }
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page, as [{ impact, id, help, where }], the serious and critical by default. */
export async function axe(page, impacts = ['serious', 'critical']) {
  // Evaluated by the browser's own means, so that the page's strict CSP stays as it is.
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter((violation) => impacts.includes(violation.impact))
    .map(({ impact, id, help, nodes }) => ({ impact, id, help, where: nodes.map((n) => n.target.join(' ')) }));
}

/** Fails with what axe found, unless it found nothing serious. */
export async function expectAccessible(page) {
  const found = (await axe(page)).map(({ impact, id, help, where }) => `${impact} ${id}: ${help} (${where.join(', ')})`);
  assert.ok(found.length === 0, `axe on ${page.url()}:\n${found.join('\n')}`);
}

/** Fails when the page is wider than its window: nothing may be lost at 360 px. */
export async function expectNoSideways(page) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}

/** A picture of the whole page in e2e/output/NAME.png; gives its path. */
export async function shoot(page, name) {
  await mkdir(output, { recursive: true });
  const path = join(output, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}

/**
 * Looks at a page as it stands: nothing is lost at its width, axe finds nothing serious, and a picture of it. axe is a
 * script: where none run the page is the same, and only its width is looked at.
 */
export async function see(page, name, { scripts = true } = {}) {
  await expectNoSideways(page);
  if (!scripts) return;
  await expectAccessible(page);
  await shoot(page, name);
}

/**
 * Visits in both languages, light and dark, wide and narrow: runs `look(visitor, name)` for each of the
 * eight, with a name such as `zh-CN-dark-360` for pictures, and closes each visitor after it.
 */
export async function inEveryLook(browser, look) {
  for (const lang of LANGUAGES) {
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        const visitor = await visit(browser, { lang, scheme, width });
        try {
          await look({ ...visitor, lang, scheme, width }, `${lang}-${scheme}-${width}`);
        } finally {
          await visitor.context.close();
        }
      }
    }
  }
}

/** Everyone a purpose is permitted for, with the records of these items: the whole stream, which must end as one. */
export async function everyone(avouch, purpose, items) {
  const answer = await call(avouch, 'GET', `/v1/bulk/${purpose}?items=${items}`);
  if (answer.status !== 200) throw new Error(`bulk: ${answer.status}`);
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const lines = text.trim().split('\n').map((line) => JSON.parse(line));
  if (lines.at(-1).outcome !== 'end') throw new Error('the stream was cut');
  return lines.filter((line) => line.outcome === 'done');
}

/** Calls the service API with a credential; gives { status, body, headers }. */
export async function call(avouch, method, path, { body, credential = avouch.credential, headers = {} } = {}) {
  const response = await fetch(avouch.api + path, {
    method,
    headers: {
      ...(credential ? { authorization: `Bearer ${credential}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let parsed = text;
  try { parsed = JSON.parse(text); } catch { /* not every answer is JSON */ }
  return { status: response.status, body: parsed, headers: response.headers };
}
