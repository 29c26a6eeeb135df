// The worked acceptance dialogue (behaviour 2.9) through the web client: two servers, two browsers, and everything live in between.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, Person } from './person';
import type { Server } from './server';
import { startServer } from './server';
import { readTable } from './table';

let browser: Browser;
let serverA: Server;
let serverB: Server;
let anna: Person;
let bruno: Person;
let code = '';
let connectionId = '';

/** The status row that holds what is `wanted`, asked for again until there is one. */
async function connectionRow(person: Person, wanted: Record<string, string>): Promise<Record<string, string>> {
  let rows: Record<string, string>[] = [];
  const ask = async (): Promise<Record<string, string>[]> => (rows = await readTable(await person.command('/secure-connection status')));
  await expect.poll(ask, { timeout: 30_000 }).toContainEqual(expect.objectContaining(wanted));
  return rows.find((row) => Object.entries(wanted).every(([name, value]) => row[name] === value)) ?? {};
}

async function shareRow(person: Person, wanted: Record<string, string>): Promise<void> {
  await expect.poll(async () => (await readTable(await person.command('/share-channel status')))[0] ?? {}, { timeout: 30_000 }).toMatchObject(wanted);
}

beforeAll(async () => {
  [browser, serverA, serverB] = await Promise.all([openBrowser(), startServer(), startServer()]);
  [anna, bruno] = await Promise.all([Person.at(browser, serverA.url), Person.at(browser, serverB.url)]);
});

afterAll(async () => {
  await browser.close();
  await Promise.all([serverA.remove(), serverB.remove()]);
});

describe('the acceptance dialogue', () => {
  it('begins with two new servers, whose first accounts may connect them', async () => {
    await anna.signUp('anna');
    await anna.createTeam('Acme USA');
    await anna.createChannel('ops');
    await bruno.signUp('bruno');
    await bruno.createTeam('Acme Europe');
  });

  it('1: A invites; the answer holds the code, the warning about the password and the address of A', async () => {
    const answer = await anna.command('/secure-connection create --name AcmeEU --displayname “Acme Europe” --password examplepassword');
    const text = await answer.innerText();
    expect(text).toContain(serverA.url);
    expect(text).toMatch(/password is weak/i);
    await answer.getByRole('button', { name: 'Copy code' }).click();
    await answer.getByText('Copied').waitFor();
    code = await anna.page.evaluate(() => navigator.clipboard.readText());
    expect(code).toBe(await answer.getByTestId('code').innerText());
    expect(code).toMatch(/^[A-Za-z0-9_-]{100,}={0,2}$/);
  });

  it('keeps the password out of what the arrow keys call back and out of this browser', async () => {
    await anna.composer.press('Alt+ArrowUp');
    expect(await anna.composer.inputValue()).not.toContain('examplepassword');
    await anna.composer.fill('');
    const stored = await anna.page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
    expect(stored).not.toContain('examplepassword');
  });

  it('2: B accepts, and both sides say that they are connected', async () => {
    const answer = await bruno.command(`/secure-connection accept --name AcmeUS --displayname “AcmeUSA” --password examplepassword --invite ${code}`);
    expect(await answer.innerText()).toMatch(/accepted/i);
    await connectionRow(bruno, { 'Invite accepted': 'Yes', Online: 'Yes', Description: 'AcmeUSA' });
  });

  it('3: A sees one row with id, address and state', async () => {
    const row = await connectionRow(anna, { 'Invite accepted': 'Yes', Online: 'Yes', Description: 'Acme Europe', 'Connection URL': serverB.url });
    connectionId = row['Connection ID'] ?? '';
    expect(connectionId).toMatch(/^[a-z0-9]{26}$/);
  });

  it('4: A shares #ops for reading; it appears on B by itself, marked, with the box closed', async () => {
    await anna.openChannel('ops', 'ops');
    await anna.say('Before the bridge was open');
    const answer = await anna.command(`/share-channel invite --connectionID ${connectionId} --readonly`);
    expect(await answer.innerText()).toMatch(/shared/i);
    await bruno.entry('ops').getByTestId('shared-icon').waitFor();
    await bruno.openChannel('ops', 'ops');
    await expect.poll(() => bruno.composer.isDisabled()).toBe(true);
    expect(await bruno.composer.inputValue()).toContain('AcmeUSA');
    await anna.entry('ops').getByTestId('shared-icon').waitFor();
    await anna.page.getByTestId('shared-summary').getByText('Acme Europe').waitFor();
  });

  it('carries what A says to B while B may only read', async () => {
    await anna.say('Read this, Europe');
    const post = bruno.post('Read this, Europe');
    await post.waitFor();
    await post.getByTestId('organisation-mark').getByText('AcmeUSA').waitFor();
    await post.hover();
    expect(await post.getByRole('button', { name: 'Add reaction' }).count()).toBe(0);
  });

  it('5: the status on A says read-only, accepted, online', async () => {
    await shareRow(anna, { 'Read only channel': 'True', 'Invite accepted': 'Yes', Online: 'Yes' });
  });

  it('6: uninvited and invited again for taking part, B may write in the same copy', async () => {
    await anna.command(`/share-channel uninvite --connectionID ${connectionId}`);
    await anna.command(`/share-channel invite --connectionID ${connectionId}`);
    await shareRow(anna, { 'Read only channel': 'False', 'Invite accepted': 'Yes' });
    await expect.poll(() => bruno.composer.isEnabled(), { timeout: 30_000 }).toBe(true);
    await bruno.post('Read this, Europe').waitFor();
    for (const person of [anna, bruno]) await person.entry('ops').getByTestId('shared-icon').waitFor();
  });

  it('changes the mode in one step, there and back, and the channel stays marked as shared', async () => {
    for (const [flags, readOnly] of [['--readonly --convert', 'True'], ['--convert', 'False']] as const) {
      await anna.command(`/share-channel invite --connectionID ${connectionId} ${flags}`);
      await shareRow(anna, { 'Read only channel': readOnly, 'Invite accepted': 'Yes' });
      await expect.poll(() => bruno.composer.isDisabled(), { timeout: 30_000 }).toBe(readOnly === 'True');
      for (const person of [anna, bruno]) {
        await person.entry('ops').getByTestId('shared-icon').waitFor();
        await person.page.getByTestId('shared-summary').waitFor();
      }
    }
  });

  it('carries messages both ways, in the right order', async () => {
    await bruno.say('Hello from Europe');
    await anna.post('Hello from Europe').getByTestId('organisation-mark').getByText('Acme Europe').waitFor();
    await anna.say('Hello from the USA');
    await bruno.post('Hello from the USA').waitFor();
    const texts = await anna.page.getByRole('main').getByTestId('post').allInnerTexts();
    const place = (text: string): number => texts.findIndex((entry) => entry.includes(text));
    expect(place('Hello from Europe')).toBeLessThan(place('Hello from the USA'));
  });

  it('carries replies, and the count below the root follows', async () => {
    await bruno.openThread(bruno.post('Hello from the USA'));
    await bruno.sayInThread('A reply across the bridge');
    await anna.post('Hello from the USA').getByTestId('reply-count').getByText('1 reply').click();
    await anna.reply('A reply across the bridge').waitFor();
    await anna.sayInThread('And one back');
    await bruno.reply('And one back').waitFor();
    await bruno.post('Hello from the USA').getByTestId('reply-count').getByText('2 replies').waitFor();
    expect(await bruno.post('And one back').count()).toBe(0);
    for (const person of [anna, bruno]) await person.thread.getByRole('button', { name: 'Close' }).click();
  });

  it('carries reactions and their removal', async () => {
    await bruno.react(bruno.post('Hello from the USA'), 'rocket');
    const chip = anna.post('Hello from the USA').getByTestId('reaction-rocket');
    await chip.getByText('1').waitFor();
    await chip.click();
    await bruno.post('Hello from the USA').getByTestId('reaction-rocket').getByText('2').waitFor();
    await bruno.post('Hello from the USA').getByTestId('reaction-rocket').click();
    await chip.getByText('1').waitFor();
  });

  it('carries edits', async () => {
    await bruno.edit(bruno.post('Hello from Europe'), 'Greetings from Europe');
    await anna.post('Greetings from Europe').getByText('(edited)').waitFor();
    expect(await anna.post('Hello from Europe').count()).toBe(0);
  });

  it('carries an author’s deletion; warns that deleting the words of others reaches only the copy here', async () => {
    await bruno.say('This will be taken back');
    await anna.post('This will be taken back').waitFor();
    await bruno.remove(bruno.post('This will be taken back'));
    await anna.post('This will be taken back').waitFor({ state: 'detached' });

    await bruno.say('Seen differently on both banks');
    await anna.act(anna.post('Seen differently on both banks'), 'Delete');
    await anna.page.getByTestId('delete-remote-warning').waitFor();
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await anna.post('Seen differently on both banks').waitFor({ state: 'detached' });
    expect(await bruno.post('Seen differently on both banks').count()).toBe(1);
  });

  it('finds what somebody of the other side wrote, and leads there', async () => {
    await anna.page.getByRole('button', { name: 'Search messages' }).click();
    const pane = anna.page.getByTestId('pane-search');
    await pane.getByLabel('Words to look for').fill('greet* in:ops');
    await pane.getByRole('button', { name: 'Search', exact: true }).click();
    const hit = pane.getByTestId('hit').filter({ hasText: 'Greetings from Europe' });
    await hit.getByTestId('organisation-mark').getByText('Acme Europe').waitFor();
    await hit.getByRole('button', { name: 'Open conversation' }).click();
    await anna.reply('Greetings from Europe').waitFor();
    await anna.thread.getByRole('button', { name: 'Close' }).click();
  });

  it('lists the people of both sides with where they come from', async () => {
    await anna.page.getByRole('button', { name: 'Show people and organisations' }).click();
    const pane = anna.page.getByTestId('pane-people');
    await pane.getByRole('region', { name: 'From Acme Europe' }).getByText(/^@bruno:acmeeu/i).waitFor();
    await pane.getByRole('region', { name: 'From this server' }).getByText('@anna', { exact: true }).waitFor();
    await pane.getByRole('region', { name: 'Organisations' }).getByText('Connected').waitFor();
    await pane.getByRole('button', { name: 'Close' }).click();
  });

  it('tells the people on A when B has not been heard of for more than five minutes', async () => {
    const page = await anna.context.newPage();
    await page.clock.install();
    await page.goto(anna.page.url());
    await page.getByTestId('shared-summary').getByText('Acme Europe').waitFor();
    expect(await page.getByTestId('offline-banner').count()).toBe(0);
    await serverB.stop();
    await page.clock.fastForward('06:00');
    await page.getByTestId('offline-banner').getByText('Acme Europe').waitFor();
    await page.close();
    await serverB.restart();
    await connectionRow(anna, { Online: 'Yes' });
    await anna.say('Across again');
    await bruno.post('Across again').waitFor({ timeout: 60_000 });
  });

  it('7: B cannot invite a third to what originates from A', async () => {
    await bruno.command('/secure-connection create --name Third --displayname Third --password "a long and unusual passphrase"');
    const answer = await bruno.command('/share-channel invite --connectionID Third');
    expect(await answer.innerText()).toMatch(/originates from AcmeUSA/);
  });

  it('8: A ends the share; no mark is left and both sides keep the history', async () => {
    const answer = await anna.command('/share-channel unshare');
    expect(await answer.innerText()).toMatch(/no longer shared/i);
    for (const person of [anna, bruno]) {
      await person.entry('ops').getByTestId('shared-icon').waitFor({ state: 'detached', timeout: 30_000 });
      await person.page.getByTestId('shared-summary').waitFor({ state: 'detached' });
      await person.page.reload();
      await person.post('Greetings from Europe').waitFor();
      await person.post('Hello from the USA').waitFor();
      expect(await person.page.getByTestId('ephemeral-post').count()).toBe(0);
    }
  });

  it('9: A removes the connection; B learns that the other side did', async () => {
    const answer = await anna.command(`/secure-connection remove --connectionID ${connectionId}`);
    expect(await answer.innerText()).toMatch(/removed/i);
    await connectionRow(bruno, { 'Connection ID': connectionId, Deleted: 'Yes (by peer)' });
  });

  it('never ran into the page’s own security policy', () => {
    expect([...anna.complaints, ...bruno.complaints]).toEqual([]);
  });
});
