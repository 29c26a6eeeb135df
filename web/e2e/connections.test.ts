// Administering secure connections in the browser (behaviour 5.1, 5.4): one connection from its making to its end, in the order people go.
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, Person } from './person';
import type { Server } from './server';
import { startServer } from './server';

let browser: Browser;
let server: Server;
let anna: Person;

const page = () => anna.page;
const path = (): string => new URL(page().url()).pathname;
const list = '/admin_console/connected_workspaces';
const heading = (name: string): Locator => page().getByRole('heading', { name, exact: true });
const dialog = (name: string): Locator => page().getByRole('dialog', { name, exact: true });
const button = (name: string): Locator => page().getByRole('button', { name, exact: true });
const row = (name: string): Locator => page().getByTestId('connection').filter({ hasText: name });
const clipboard = (): Promise<string> => page().evaluate(() => navigator.clipboard.readText());

/** Chooses a team in the field for it, by typing. */
async function chooseTeam(within: Locator, name: string): Promise<void> {
  const field = within.getByRole('combobox', { name: 'Destination team' });
  await field.fill(name);
  await within.getByRole('option', { name, exact: true }).waitFor();
  await field.press('Enter');
  await expect.poll(() => field.inputValue()).toBe(name);
}

async function openMenu(name: string): Promise<Locator> {
  await row(name).getByRole('button', { name: `Connection options for ${name}` }).click();
  return page().getByRole('dialog', { name: `Connection options for ${name}` });
}

beforeAll(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  anna = await Person.at(browser, server.url);
  await anna.signUp('anna');
  await anna.createTeam('Harbour office');
  await anna.createChannel('Ops');
  await page().goto(`${server.url}/create_team`);
  await page().getByLabel('Team name').fill('Pilots');
  await page().getByRole('button', { name: 'Create a team' }).click();
  await anna.composer.waitFor();
});

afterAll(async () => {
  expect(anna.complaints).toEqual([]);
  await browser.close();
  await server.remove();
});

describe('connected workspaces', () => {
  // SC-086, UI-01
  it('UI-01: both settings are on', async () => {
    const settings = await page().evaluate(async () => {
      const config = (await (await fetch('/api/v4/config')).json()) as { ConnectedWorkspacesSettings: Record<string, unknown> };
      return config.ConnectedWorkspacesSettings;
    });
    expect(settings).toMatchObject({ EnableSharedChannels: true, EnableRemoteClusterService: true });
  });

  // SC-086, UI-02
  it('UI-02: the page opens from the administration, and says what it is for while it is empty', async () => {
    await page().getByTestId('account-menu').click();
    await button('Administration').click();
    await page().getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Connected workspaces' }).click();
    await page().getByRole('heading', { level: 1, name: 'Connected workspaces' }).waitFor();
    await heading('Share channels').waitFor();
    await page().getByTestId('no-connections').getByText('Connect this server').waitFor();
    expect(path()).toBe(list);
    expect(await page().getByTestId('no-connections').getByRole('button', { name: 'Add a connection' }).count()).toBe(1);
  });

  // SC-086, UI-03
  it('UI-03: an invitation is accepted when all is filled in; a bad one is refused beside its field, and nothing is lost', async () => {
    await page().getByRole('banner').or(page().getByRole('main')).getByRole('button', { name: 'Add a connection' }).first().click();
    await button('Accept an invitation').click();
    const form = dialog('Accept an invitation');
    await form.getByText('Paste the code').waitFor();
    await form.getByText('Choose how the organisation is called').waitFor();
    const accept = form.getByRole('button', { name: 'Accept', exact: true });
    expect(await accept.isDisabled()).toBe(true);
    await form.getByLabel('Organisation name').fill('Acme');
    await form.getByLabel('Encrypted invitation code').fill('this is no code');
    await form.getByLabel('Password').fill('examplepassword');
    expect(await accept.isDisabled()).toBe(true);
    await chooseTeam(form, 'Pilots');
    expect(await accept.isDisabled()).toBe(false);
    await accept.click();
    await expect.poll(() => form.getByLabel('Encrypted invitation code').getAttribute('aria-invalid')).toBe('true');
    await form.getByText('The invitation is damaged').waitFor();
    expect(await form.getByLabel('Organisation name').inputValue()).toBe('Acme');
    expect(await form.getByLabel('Password').inputValue()).toBe('examplepassword');
    await form.getByRole('button', { name: 'Cancel' }).click();
    await form.waitFor({ state: 'detached' });
    expect(path()).toBe(list);
  });

  it('asks before what was filled in is left behind, whichever way', async () => {
    await page().getByRole('button', { name: 'Add a connection' }).first().click();
    await button('Create a connection').click();
    await page().getByLabel('Organisation name').fill('Not to be');
    for (const leave of [() => button('Cancel').click(), () => page().getByRole('link', { name: 'Back to connected workspaces' }).click(), () => page().goBack()]) {
      await leave();
      await dialog('Leave without saving?').getByRole('button', { name: 'Stay here' }).click();
      await dialog('Leave without saving?').waitFor({ state: 'detached' });
      expect(await page().getByLabel('Organisation name').inputValue()).toBe('Not to be');
    }
    await page().goBack();
    await dialog('Leave without saving?').getByRole('button', { name: 'Leave', exact: true }).click();
    await heading('Share channels').waitFor();
    expect(path()).toBe(list);
  });

  // SC-086, UI-04
  it('UI-04: a connection is created from a name and a team', async () => {
    await page().getByRole('button', { name: 'Add a connection' }).first().click();
    await button('Create a connection').click();
    await expect.poll(path).toBe(`${list}/create`);
    const name = page().getByLabel('Organisation name');
    await expect.poll(() => name.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await button('Save').isDisabled()).toBe(true);
    await name.fill('Acme Europe');
    expect(await button('Save').isDisabled()).toBe(true);
    await chooseTeam(page().getByRole('main'), 'Harbour office');
    await button('Save').click();
    await expect.poll(path).toMatch(/connected_workspaces\/[a-z0-9]{26}$/);
  });

  // SC-086, UI-05
  it('UI-05: the code and the password are shown once, to be copied and sent apart', async () => {
    const created = dialog('Connection created');
    await created.getByText('Give the code and the password').waitFor();
    await created.getByText('Send the two in different ways').waitFor();
    await created.getByTestId('invitation-expiry').waitFor();
    for (const [group, copy, shape] of [
      ['Encrypted invitation code', 'Copy the code', /^[A-Za-z0-9_-]{100,}={0,2}$/],
      ['Password', 'Copy the password', /^[A-Za-z0-9][A-Za-z0-9~_!@#$^-]{15,}$/],
    ] as const) {
      const part = created.getByRole('group', { name: group });
      await part.getByRole('button', { name: copy }).click();
      await part.getByRole('button', { name: 'Copied' }).waitFor();
      expect(await clipboard()).toBe(await part.locator('code').innerText());
      expect(await clipboard()).toMatch(shape);
    }
    // A click beside it would lose what cannot be shown again.
    await page().mouse.click(5, 5);
    expect(await created.isVisible()).toBe(true);
    await created.getByRole('button', { name: 'Done' }).click();
    await created.waitFor({ state: 'detached' });
  });

  // SC-086, UI-06
  it('UI-06: its page shows what was entered, and that nobody has accepted yet', async () => {
    const name = page().getByLabel('Organisation name');
    expect(await name.inputValue()).toBe('Acme Europe');
    expect(await name.evaluate((field) => field === document.activeElement)).toBe(false);
    await expect.poll(() => page().getByRole('combobox', { name: 'Destination team' }).inputValue()).toBe('Harbour office');
    expect(await page().getByTestId('state').first().innerText()).toBe('Connection pending');
    await page().getByText(path().split('/').at(-1) ?? '?').waitFor();
    await page().getByText('by anna').waitFor();
  });

  // SC-086, UI-07
  it('UI-07: it begins without channels, on the side of one’s own', async () => {
    await heading('You share no channels yet').waitFor();
    await page().getByTestId('no-channels-ours').getByText('Add channels that Acme Europe is to see.').waitFor();
  });

  // SC-086, UI-08
  it('UI-08: a channel is added while the connection is pending, with the keyboard', async () => {
    await heading('Shared channels').waitFor();
    await page().getByText('Channels that this server and Acme Europe share with each other.').waitFor();
    await button('Add channels').click();
    const adding = dialog('Select channels');
    const search = adding.getByRole('combobox', { name: 'Search channels' });
    await expect.poll(() => search.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await adding.getByRole('button', { name: 'Share', exact: true }).isDisabled()).toBe(true);
    await page().keyboard.type('ops');
    const found = adding.getByRole('option', { name: /Ops/ });
    await found.waitFor();
    expect(await found.innerText()).toContain('~ops · Harbour office');
    await page().keyboard.press('Enter');
    await adding.getByRole('list', { name: 'Channels chosen' }).getByText('Ops').waitFor();
    await adding.getByLabel('Mode for Ops').selectOption({ label: 'Read-only' });
    await adding.getByRole('button', { name: 'Share', exact: true }).click();
    await adding.waitFor({ state: 'detached' });
  });

  // SC-086, UI-09
  it('UI-09: the channel is listed among one’s own', async () => {
    expect(await page().getByRole('tab').allInnerTexts()).toEqual(['Acme Europe', 'Your channels']);
    expect(await page().getByRole('tab', { name: 'Your channels' }).getAttribute('aria-selected')).toBe('true');
    const headers = await page().getByRole('columnheader').allInnerTexts();
    expect(headers.slice(0, 2)).toEqual(['Name', 'Current team']);
    const cells = page().getByRole('row').filter({ hasText: 'Ops' });
    await cells.getByRole('cell', { name: 'Harbour office' }).waitFor();
    await cells.getByRole('cell', { name: 'Read-only' }).waitFor();
    await page().getByRole('tab', { name: 'Your channels' }).press('ArrowLeft');
    await heading('No channels from Acme Europe yet').waitFor();
    await page().getByRole('tab', { name: 'Acme Europe' }).press('ArrowRight');
    await cells.waitFor();
  });

  it('offers a channel that is shared already no more', async () => {
    await button('Add channels').click();
    const adding = dialog('Select channels');
    await adding.getByRole('combobox').fill('ops');
    await adding.getByText('No channel that can be shared matches.').waitFor();
    await adding.getByRole('button', { name: 'Cancel' }).click();
  });

  // SC-086, UI-10
  it('UI-10: a channel is removed after a word of warning', async () => {
    await button('Remove Ops').click();
    const asking = dialog('Remove channel');
    await asking.getByText('will no longer be shared with Acme Europe').waitFor();
    await asking.getByRole('button', { name: 'Remove', exact: true }).click();
    await asking.waitFor({ state: 'detached' });
    await heading('You share no channels yet').waitFor();
  });

  // SC-086, UI-11
  it('UI-11: its name and team are changed, and stay so', async () => {
    expect(await button('Save').isDisabled()).toBe(true);
    await page().getByLabel('Organisation name').fill('Acme EU');
    await chooseTeam(page().getByRole('main'), 'Pilots');
    await button('Save').click();
    await page().getByText('Saved.').waitFor();
    expect(await button('Save').isDisabled()).toBe(true);
    await page().reload();
    await expect.poll(() => page().getByLabel('Organisation name').inputValue()).toBe('Acme EU');
    await expect.poll(() => page().getByRole('combobox', { name: 'Destination team' }).inputValue()).toBe('Pilots');
  });

  // SC-086, UI-12
  it('UI-12: a link leads back to the list, and the browser’s own way too', async () => {
    const detail = path();
    await page().getByRole('link', { name: 'Back to connected workspaces' }).click();
    await row('Acme EU').waitFor();
    expect(path()).toBe(list);
    await page().goBack();
    await expect.poll(path).toBe(detail);
    await page().goForward();
    await row('Acme EU').waitFor();
  });

  // SC-086, UI-13
  it('UI-13: the row and its menu lead to the page of the connection', async () => {
    expect(await row('Acme EU').getByTestId('state').innerText()).toBe('Connection pending');
    const box = await row('Acme EU').boundingBox();
    // Anywhere in the row, not on its name alone.
    await page().mouse.click((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2);
    await heading('Connection configuration').waitFor();
    await page().goBack();
    await (await openMenu('Acme EU')).getByRole('button', { name: 'Edit' }).click();
    await heading('Connection configuration').waitFor();
    await page().goBack();
    await row('Acme EU').waitFor();
  });

  // SC-086, UI-14
  it('UI-14: another invitation code is made from the row', async () => {
    const made: string[] = [];
    for (const invalidate of [false, true]) {
      await (await openMenu('Acme EU')).getByRole('button', { name: 'Generate invitation code' }).click();
      const asking = dialog('Generate invitation code');
      expect(await asking.getByLabel('Invalidate earlier codes').isChecked()).toBe(false);
      await asking.getByLabel('Invalidate earlier codes').setChecked(invalidate);
      await asking.getByRole('button', { name: 'Generate', exact: true }).click();
      const shown = dialog('Invitation code');
      made.push(await shown.getByTestId('invitation-code').innerText(), await shown.getByTestId('invitation-password').innerText());
      await shown.getByRole('button', { name: 'Done' }).click();
      await shown.waitFor({ state: 'detached' });
    }
    expect(new Set(made).size).toBe(4);
  });

  // SC-086, UI-15
  it('UI-15: a connection is deleted after a question that names it', async () => {
    await (await openMenu('Acme EU')).getByRole('button', { name: 'Delete' }).click();
    const asking = dialog('Delete secure connection');
    await asking.getByText('The connection with Acme EU ends').waitFor();
    await asking.getByText('0 channels of yours').waitFor();
    await asking.getByText('0 channels of theirs').waitFor();
    await asking.getByRole('button', { name: 'Yes, delete' }).click();
    await asking.waitFor({ state: 'detached' });
    await row('Acme EU').waitFor({ state: 'detached' });
    await heading('Share channels').waitFor();
    await page().getByLabel('Show ended connections').check();
    await row('Acme EU').getByText('Removed').waitFor();
  });
});
