// One server, several people: signing up, teams, channels, and messages that arrive by themselves.
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, Person } from './person';
import type { Server } from './server';
import { startServer } from './server';

let browser: Browser;
let server: Server;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  anna = await Person.at(browser, server.url);
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

describe('a first visit', () => {
  it('loads at most 250 KiB of script, compressed', async () => {
    const page = await browser.newPage();
    const scripts: Promise<Buffer>[] = [];
    const names: string[] = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (!pathname.endsWith('.js')) return;
      scripts.push(response.body());
      names.push(pathname);
    });
    await page.goto(server.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const sizes = (await Promise.all(scripts)).map((script) => gzipSync(script).length);
    expect(sizes.length).toBeGreaterThan(0);
    // What few people need comes when they go there.
    expect(names.filter((name) => /Administration|SharingDialog/.test(name))).toEqual([]);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(250 * 1024);
    await page.close();
  });
});

describe('signing up', () => {
  it('welcomes the first person as the administrator', async () => {
    await anna.page.getByRole('heading', { name: 'Welcome to your new server' }).waitFor();
    await anna.signUp('anna');
    await anna.createTeam('Harbour office');
    expect(new URL(anna.page.url()).pathname).toMatch(/^\/harbour-office\/channels\//);
  });

  it('says beside the field what is wrong with it', async () => {
    ben = await Person.at(browser, `${server.url}/signup`);
    await ben.page.getByLabel('E-mail').fill('ben@example.org');
    await ben.page.getByLabel('Username').fill('anna');
    await ben.page.getByLabel('Password').fill('Canal-Grande-1591');
    await ben.page.getByRole('button', { name: 'Create account' }).click();
    await expect.poll(() => ben.page.getByLabel('Username').getAttribute('aria-invalid')).toBe('true');
    await ben.page.getByLabel('Username').fill('ben');
    await ben.page.getByRole('button', { name: 'Create account' }).click();
    await ben.joinTeam('Harbour office');
  });

  it('lets nobody in with a wrong password, and leads back to where one wanted to go', async () => {
    const place = ben.page.url();
    await ben.signOut();
    await ben.page.goto(place);
    await ben.signIn('ben', 'not-the-password');
    await ben.page.getByRole('alert').waitFor();
    await ben.signIn('ben');
    await ben.composer.waitFor();
    expect(ben.page.url()).toBe(place);
  });
});

describe('channels', () => {
  it('are found, joined and left', async () => {
    await anna.createChannel('Berths');
    await anna.createChannel('Pilots', 'Private channel');
    await ben.page.getByRole('button', { name: 'Browse channels' }).click();
    const dialog = ben.page.getByRole('dialog', { name: 'Browse channels' });
    await dialog.getByRole('button', { name: 'Join Berths' }).waitFor();
    expect(await dialog.getByText('Pilots').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Join Berths' }).click();
    await ben.title('Berths').waitFor();
    await ben.page.getByRole('button', { name: 'Channel actions' }).click();
    await ben.page.getByRole('button', { name: 'Leave channel' }).click();
    await ben.page.getByRole('dialog').getByRole('button', { name: 'Leave channel' }).click();
    await ben.entry('berths').waitFor({ state: 'detached' });
  });

  it('appear by themselves when somebody adds one', async () => {
    await anna.openChannel('pilots', 'Pilots');
    await anna.page.getByRole('button', { name: 'Add people' }).click();
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Add ben' }).click();
    await anna.page.getByRole('dialog').getByText('Added').waitFor();
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await ben.entry('pilots').waitFor();
  });

  it('show what is new, and what mentions one, until it is read', async () => {
    await anna.say('Who is on duty?');
    await expect.poll(() => ben.entry('pilots').getAttribute('data-unread')).toBe('true');
    await anna.say('@ben are you?');
    await ben.entry('pilots').getByText('1 mention').waitFor();
    await ben.openChannel('pilots', 'Pilots');
    await ben.post('@ben are you?').waitFor();
    await expect.poll(() => ben.entry('pilots').getAttribute('data-unread')).toBeNull();
    await ben.page.reload();
    await ben.entry('pilots').waitFor();
    expect(await ben.entry('pilots').getAttribute('data-unread')).toBeNull();
  });
});

describe('messages', () => {
  it('keep the reader’s place while earlier ones are loaded', async () => {
    await anna.createChannel('Log');
    const path = new URL(anna.page.url()).pathname;
    await anna.page.evaluate(async () => {
      const csrf = /MMCSRF=([^;]+)/.exec(document.cookie)?.[1] ?? '';
      const headers = { 'X-CSRF-Token': csrf, 'X-Requested-With': 'XMLHttpRequest', 'Content-Type': 'application/json' };
      const teams = (await (await fetch('/api/v4/users/me/teams')).json()) as { id: string }[];
      const channel = (await (await fetch(`/api/v4/teams/${teams[0]?.id ?? ''}/channels/name/log`)).json()) as { id: string };
      for (let number = 1; number <= 130; number += 1) {
        await fetch('/api/v4/posts', { method: 'POST', headers, body: JSON.stringify({ channel_id: channel.id, message: `Entry ${number}.` }) });
      }
    });
    await anna.page.goto(server.url + path);
    await anna.post('Entry 130.').waitFor();
    expect(await anna.post('Entry 2.').count()).toBe(0);
    const list = anna.page.getByRole('log');
    const seen = async (): Promise<string[]> =>
      list.evaluate((box) => {
        const { top, bottom } = box.getBoundingClientRect();
        return [...box.querySelectorAll('[data-testid="post"]')].filter((post) => post.getBoundingClientRect().top >= top && post.getBoundingClientRect().bottom <= bottom).map((post) => post.textContent);
      });
    await list.evaluate((box) => (box.scrollTop = 600));
    const before = await seen();
    await anna.page.waitForFunction(() => document.querySelectorAll('[data-testid="post"]').length > 100);
    expect(await seen()).toEqual(before);
    await list.evaluate((box) => (box.scrollTop = 0));
    await anna.post('Entry 1.').waitFor();
  });

  it('say visibly that they were not sent, and are sent on request', async () => {
    await anna.openChannel('pilots', 'Pilots');
    await ben.openChannel('pilots', 'Pilots');
    await anna.page.route('**/api/v4/posts', (route) => route.abort());
    await anna.composer.fill('Through the fog');
    await anna.composer.press('Enter');
    const post = anna.post('Through the fog');
    await post.getByTestId('post-failed').waitFor();
    await anna.page.unroute('**/api/v4/posts');
    await post.getByRole('button', { name: 'Try again' }).click();
    await ben.post('Through the fog').waitFor();
    await post.getByTestId('post-failed').waitFor({ state: 'detached' });
    expect(await ben.post('Through the fog').count()).toBe(1);
  });

  it('are caught up after the line was down, by the line itself: nothing is fetched again', async () => {
    const page = await ben.context.newPage();
    const lines: { resumed: boolean; cut: () => Promise<void> }[] = [];
    await page.routeWebSocket(/\/api\/v4\/websocket/, (line) => {
      const far = line.connectToServer();
      const resumed = new URL(line.url()).searchParams.get('connection_id') !== '';
      lines.push({ resumed, cut: () => Promise.all([far.close(), line.close({ code: 4900 })]).then(() => undefined) });
    });
    await page.goto(ben.page.url());
    await page.getByTestId('post').filter({ hasText: 'Through the fog' }).waitFor();
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await lines[0]?.cut();
    await page.getByTestId('connection-lost').waitFor();
    await anna.say('While ben was away');
    await page.getByTestId('post').filter({ hasText: 'While ben was away' }).waitFor({ timeout: 60_000 });
    expect(lines.map((line) => line.resumed)).toEqual([false, true]);
    expect(fetched.filter((path) => path.endsWith('/posts'))).toEqual([]);
    await page.close();
  });

  it('arrive again after the server was restarted, without anybody reloading', async () => {
    await server.stop();
    await ben.page.getByTestId('connection-lost').waitFor();
    await server.restart();
    await ben.page.getByTestId('connection-lost').waitFor({ state: 'detached', timeout: 60_000 });
    await anna.page.getByTestId('connection-lost').waitFor({ state: 'detached', timeout: 60_000 });
    await anna.say('Back again');
    await ben.post('Back again').waitFor();
  });
});

describe('commands', () => {
  it('are offered while one types, answered for their author alone, and gone after a reload', async () => {
    await anna.composer.fill('/s');
    await anna.page.getByRole('option', { name: /secure-connection/ }).waitFor();
    await anna.page.getByRole('option', { name: /share-channel/ }).waitFor();
    const answer = await anna.command('/secure-connection status');
    await answer.getByText('Only visible to you').waitFor();
    expect(await ben.page.getByTestId('ephemeral-post').count()).toBe(0);
    await anna.page.reload();
    await anna.post('Back again').waitFor();
    expect(await anna.page.getByTestId('ephemeral-post').count()).toBe(0);
  });

  it('are not offered to those who may not use them, and refuse them by the permission’s name', async () => {
    const answer = await ben.command('/secure-connection status');
    expect(await answer.innerText()).toContain('manage_secure_connections');
  });
});

describe('a site below a path', () => {
  it('works as at the root: pages, calls, live connection, addresses', async () => {
    const chat = await startServer('/chat');
    try {
      const person = await Person.at(browser, `${chat.url}/`);
      await person.signUp('carla');
      await person.createTeam('Lagoon');
      await person.createChannel('Tides');
      await person.say('High water at ten');
      expect(new URL(person.page.url()).pathname).toBe('/chat/lagoon/channels/tides');
      await person.page.reload();
      await person.post('High water at ten').waitFor();
      const elsewhere = await Person.at(browser, `${chat.url}/login`);
      await elsewhere.signIn('carla');
      await elsewhere.openChannel('tides', 'Tides');
      await person.say('Low water at four');
      await elsewhere.post('Low water at four').waitFor();
      expect([...person.complaints, ...elsewhere.complaints]).toEqual([]);
    } finally {
      await chat.remove();
    }
  });
});
