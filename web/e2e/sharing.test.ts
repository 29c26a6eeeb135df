// Two organisations connect and share in the browser alone (behaviour 5.1, 5.2): everything appears by itself on both sides.
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, Person } from './person';
import type { Server } from './server';
import { startServer } from './server';

let browser: Browser;
let serverA: Server;
let serverB: Server;
let anna: Person;
let bruno: Person;

const list = '/admin_console/connected_workspaces';

async function chooseTeam(within: Locator, name: string): Promise<void> {
  const field = within.getByRole('combobox', { name: 'Destination team' });
  await field.fill(name);
  await within.getByRole('option', { name, exact: true }).waitFor();
  await field.press('Enter');
}

async function openSharing(person: Person, channel: string): Promise<Locator> {
  await person.page.getByRole('button', { name: 'Channel actions' }).click();
  await person.page.getByRole('button', { name: 'Sharing', exact: true }).click();
  const dialog = person.page.getByRole('dialog', { name: `Sharing of ${channel}` });
  await dialog.waitFor();
  return dialog;
}

beforeAll(async () => {
  [browser, serverA, serverB] = await Promise.all([openBrowser(), startServer(), startServer()]);
  [anna, bruno] = await Promise.all([Person.at(browser, serverA.url), Person.at(browser, serverB.url)]);
  await anna.signUp('anna');
  await anna.createTeam('Acme USA');
  await anna.createChannel('Ops');
  await anna.createChannel('Plans');
  await bruno.signUp('bruno');
  await bruno.createTeam('Acme Europe');
});

afterAll(async () => {
  expect([...anna.complaints, ...bruno.complaints]).toEqual([]);
  await browser.close();
  await Promise.all([serverA.remove(), serverB.remove()]);
});

describe('two organisations', () => {
  // SC-086, UI-22
  it('UI-22: a channel cannot be shared while there is nobody to share it with', async () => {
    const dialog = await openSharing(anna, 'Plans');
    const toggle = dialog.getByRole('switch', { name: 'Share with connected workspaces' });
    await toggle.waitFor();
    expect(await toggle.isDisabled()).toBe(true);
    await dialog.getByText('Ask a system administrator').waitFor();
    await anna.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  // SC-086
  it('connect by a code and a password, and the list of who invited shows it by itself', async () => {
    const { page } = anna;
    await page.goto(`${serverA.url}${list}/create`);
    await page.getByLabel('Organisation name').fill('Acme Europe');
    await chooseTeam(page.getByRole('main'), 'Acme USA');
    await page.getByRole('button', { name: 'Save' }).click();
    const created = page.getByRole('dialog', { name: 'Connection created' });
    const [code, password] = [await created.getByTestId('invitation-code').innerText(), await created.getByTestId('invitation-password').innerText()];
    await created.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Add channels' }).click();
    const adding = page.getByRole('dialog', { name: 'Select channels' });
    await adding.getByRole('combobox').fill('ops');
    await adding.getByRole('option', { name: /Ops/ }).click();
    await adding.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByRole('row').filter({ hasText: 'Ops' }).waitFor();
    await page.getByRole('link', { name: 'Back to connected workspaces' }).click();
    const row = page.getByTestId('connection').filter({ hasText: 'Acme Europe' });
    await row.getByText('Connection pending').waitFor();

    await bruno.page.goto(`${serverB.url}${list}/accept`);
    const form = bruno.page.getByRole('dialog', { name: 'Accept an invitation' });
    await form.getByLabel('Organisation name').fill('Acme USA');
    await chooseTeam(form, 'Acme Europe');
    await form.getByLabel('Encrypted invitation code').fill(code);
    await form.getByLabel('Password').fill(`${password}x`);
    await form.getByRole('button', { name: 'Accept', exact: true }).click();
    await expect.poll(() => form.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
    await form.getByLabel('Password').fill(password);
    await form.getByRole('button', { name: 'Accept', exact: true }).click();
    await bruno.page.getByRole('heading', { name: 'Connection configuration' }).waitFor();
    await bruno.page.getByTestId('state').first().getByText('Connected', { exact: true }).waitFor();
    await row.getByText('Connected', { exact: true }).waitFor();
  });

  // SC-086
  it('see the channel that was queued arrive, under the name of whose it is', async () => {
    const { page } = bruno;
    expect(await page.getByRole('tab', { name: 'Acme USA' }).getAttribute('aria-selected')).toBe('true');
    const row = page.getByRole('row').filter({ hasText: 'Ops' });
    await row.getByRole('cell', { name: 'Acme Europe' }).waitFor();
    await row.getByRole('cell', { name: 'Participation' }).waitFor();
    await page.getByRole('columnheader', { name: 'Destination team' }).waitFor();
    await page.getByRole('tab', { name: 'Your channels' }).click();
    await page.getByTestId('no-channels-ours').waitFor();
  });

  // SC-086
  it('see how the connection fares, and test the way', async () => {
    const { page } = anna;
    await page.getByTestId('connection').filter({ hasText: 'Acme Europe' }).getByRole('link').click();
    const health = page.getByTestId('health');
    await health.getByTestId('health-state').getByText(/^Connected since/).waitFor();
    await page.getByText(serverB.url).waitFor();
    for (const fact of ['Round trip', 'Their clock ahead of ours', 'Waiting for them', 'Our lag', 'Set aside']) await health.getByText(fact, { exact: true }).waitFor();
    await health.getByRole('button', { name: 'Test connection' }).click();
    const report = health.getByTestId('test-report');
    await report.getByText('From here to there').waitFor();
    await report.getByText('credential').first().waitFor();
    expect(await report.locator('[data-state="fail"]').count()).toBe(0);
  });

  // SC-086, UI-22
  it('UI-22: share a channel from its own menu, and nothing happens before it is saved', async () => {
    await anna.page.goto(`${serverA.url}/acme-usa/channels/plans`);
    await anna.title('Plans').waitFor();
    let dialog = await openSharing(anna, 'Plans');
    const toggle = () => dialog.getByRole('switch');
    await expect.poll(() => toggle().isDisabled()).toBe(false);
    expect(await toggle().isChecked()).toBe(false);
    await toggle().check();
    await dialog.getByTestId('sharing-empty').waitFor();
    await dialog.getByRole('button', { name: 'Add workspace' }).click();
    await dialog.getByRole('dialog', { name: 'Add workspace' }).getByRole('button', { name: 'Acme Europe' }).click();
    const partner = () => dialog.getByTestId('partner').filter({ hasText: 'Acme Europe' });
    await partner().getByText('Pending save').waitFor();
    expect(await bruno.entry('plans').count()).toBe(0);
    await anna.page.keyboard.press('Escape');
    await anna.page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Stay here' }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Saved.').waitFor();
    await partner().getByText('Connected', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
    dialog = await openSharing(anna, 'Plans');
    await partner().getByText('Connected', { exact: true }).waitFor();
    await partner().getByRole('button', { name: 'Remove Acme Europe' }).click();
    await dialog.getByTestId('sharing-empty').waitFor();
    await dialog.getByRole('button', { name: 'Add workspace' }).click();
    await dialog.getByRole('dialog', { name: 'Add workspace' }).getByRole('button', { name: 'Acme Europe' }).click();
    await partner().getByText('Connected', { exact: true }).waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await partner().getByLabel('Mode for Acme Europe').selectOption({ label: 'Read-only' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Saved.').waitFor();
    expect(await partner().getByLabel('Mode for Acme Europe').inputValue()).toBe('readonly');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
  });

  // SC-086, UI-22
  it('UI-22: the copy says whose it is, and sharing ends after a question', async () => {
    await bruno.page.goto(`${serverB.url}/acme-europe`);
    await bruno.entry('plans').waitFor();
    await bruno.openChannel('plans', 'Plans');
    const copy = await openSharing(bruno, 'Plans');
    await copy.getByText('Shared by Acme USA.').waitFor();
    expect(await copy.getByRole('switch').count()).toBe(0);
    await copy.getByRole('button', { name: 'Leave this share' }).waitFor();
    await copy.getByRole('button', { name: 'Close' }).last().click();
    const dialog = await openSharing(anna, 'Plans');
    await expect.poll(() => dialog.getByRole('switch').isChecked()).toBe(true);
    await dialog.getByRole('switch').uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    const asking = anna.page.getByRole('dialog', { name: 'Stop sharing?' });
    await asking.getByText('Plans will no longer be shared with Acme Europe').waitFor();
    await asking.getByRole('button', { name: 'Yes, stop sharing' }).click();
    await dialog.getByText('Saved.').waitFor();
    expect(await dialog.getByRole('switch').isChecked()).toBe(false);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await anna.entry('plans').getByTestId('shared-icon').waitFor({ state: 'detached' });
  });

  // SC-086
  it('see a connection that ended, on the other side too', async () => {
    await anna.page.goto(`${serverA.url}${list}`);
    const row = anna.page.getByTestId('connection').filter({ hasText: 'Acme Europe' });
    await row.getByRole('button', { name: 'Connection options for Acme Europe' }).click();
    await anna.page.getByRole('dialog', { name: 'Connection options for Acme Europe' }).getByRole('button', { name: 'Delete' }).click();
    const asking = anna.page.getByRole('dialog', { name: 'Delete secure connection' });
    await asking.getByText('1 channel of yours').waitFor();
    await asking.getByRole('button', { name: 'Yes, delete' }).click();
    await row.waitFor({ state: 'detached' });
    await bruno.page.goto(`${serverB.url}${list}`);
    await bruno.page.getByLabel('Show ended connections').check();
    await bruno.page.getByTestId('connection').getByText('Severed').waitFor();
  });
});
