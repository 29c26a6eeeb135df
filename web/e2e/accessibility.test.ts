// The main views, checked by axe in both themes, wide and on a phone.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, Person } from './person';
import type { Server } from './server';
import { startServer } from './server';

let browser: Browser;
let server: Server;
let axe: string;

interface Finding {
  id: string;
  nodes: { html: string }[];
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run: () => Promise<{ violations: Finding[] }> } }).axe.run();
    return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`);
  });
  return found;
}

beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const anna = await Person.at(browser, server.url);
  await anna.signUp('anna');
  await anna.createTeam('Harbour office');
  await anna.createChannel('Ops');
  await anna.say('Hello :rocket: with a [link](https://example.org), `code` and\n\n| a | b |\n| - | - |\n| 1 | 2 |', 'with a link');
  await anna.react(anna.post('with a link'), 'eyes');
  await anna.command('/secure-connection create --name Acme --displayname “Acme Europe” --password Canal-Grande-1591');
  await anna.context.close();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

const wide = { width: 1360, height: 860 };
const phone = { width: 390, height: 800 };

describe.each([
  ['light', wide],
  ['dark', wide],
  ['light', phone],
  ['dark', phone],
] as const)('%s theme, %j', (colorScheme, viewport) => {
  it('has no faults that axe knows of', async () => {
    const anna = await Person.at(browser, server.url, { colorScheme, viewport });
    const { page } = anna;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await anna.signIn('anna');
    await anna.composer.waitFor();
    await page.goto(`${server.url}/harbour-office/channels/ops`);
    await anna.post('with a link').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.goto(`${server.url}/harbour-office/channels/ops/people`);
    await page.getByTestId('member').first().waitFor();
    expect(await findings(page)).toEqual([]);
    await page.goto(`${server.url}/select_team`);
    await page.getByRole('heading', { name: 'Your teams' }).waitFor();
    expect(await findings(page)).toEqual([]);
    expect(anna.complaints).toEqual([]);
    await anna.context.close();
  });

  // SC-086
  it('has none in the administration of connections either', async () => {
    const anna = await Person.at(browser, `${server.url}/admin_console/connected_workspaces`, { colorScheme, viewport });
    const { page } = anna;
    await anna.signIn('anna');
    await page.getByTestId('connection').getByTestId('state').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByTestId('connection').getByRole('link').click();
    await page.getByTestId('no-channels-ours').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add channels' }).click();
    await page.getByRole('dialog', { name: 'Select channels' }).getByRole('combobox').fill('ops');
    await page.getByRole('option', { name: /Ops/ }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.goto(`${server.url}/admin_console/connected_workspaces/create`);
    await page.getByRole('combobox', { name: 'Destination team' }).click();
    await page.getByRole('option', { name: 'Harbour office' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.goto(`${server.url}/admin_console/connected_workspaces/accept`);
    await page.getByRole('dialog', { name: 'Accept an invitation' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.goto(`${server.url}/harbour-office/channels/ops`);
    await page.getByRole('button', { name: 'Channel actions' }).click();
    await page.getByRole('button', { name: 'Sharing', exact: true }).click();
    await page.getByRole('switch').waitFor();
    expect(await findings(page)).toEqual([]);
    expect(anna.complaints).toEqual([]);
    await anna.context.close();
  });
});

describe('the keyboard alone', () => {
  it('is enough to open a dialog, close it and be back where one was', async () => {
    const anna = await Person.at(browser, server.url);
    await anna.signIn('anna');
    await anna.composer.waitFor();
    const opener = anna.page.getByRole('navigation').getByRole('button', { name: 'Create channel' });
    await opener.focus();
    await anna.page.keyboard.press('Enter');
    const dialog = anna.page.getByRole('dialog', { name: 'Create a channel' });
    await expect.poll(() => dialog.getByLabel('Name').evaluate((field) => field === document.activeElement)).toBe(true);
    await anna.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => opener.evaluate((button) => button === document.activeElement)).toBe(true);
    await anna.context.close();
  });
});
