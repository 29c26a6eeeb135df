// Somebody at a browser: what tests do with the client, through what is on screen.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', headless: true, args: flags });
}

export const PASSWORD = 'Canal-Grande-1591';

export class Person {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** What the browser complained about; a page under a strict policy must not be blocked anywhere. */
  readonly complaints: string[] = [];

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.context = context;
    this.page = page;
    this.url = url;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && message.text().includes('Content Security Policy')) this.complaints.push(message.text());
    });
  }

  static async at(browser: Browser, url: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Person> {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1360, height: 860 }, ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(url);
    return new Person(context, page, url);
  }

  /** Creates an account from the page one is on: on a new server that is the welcome, else the sign-in page. */
  async signUp(username: string, password = PASSWORD): Promise<void> {
    const heading = this.page.getByRole('heading', { level: 1 });
    await heading.waitFor();
    const link = this.page.getByRole('link', { name: 'Create account' });
    if (await link.isVisible()) await link.click();
    await this.page.getByLabel('E-mail').fill(`${username}@example.org`);
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.page.getByRole('heading', { name: 'Your teams' }).waitFor();
  }

  async signIn(login: string, password = PASSWORD): Promise<void> {
    await this.page.getByLabel('E-mail or username').fill(login);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async signOut(): Promise<void> {
    await this.page.getByTestId('account-menu').click();
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await this.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }

  async createTeam(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Create a team' }).click();
    await this.page.getByLabel('Team name').fill(name);
    await this.page.getByRole('button', { name: 'Create a team' }).click();
    await this.composer.waitFor();
  }

  async joinTeam(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Join ${name}` }).click();
    await this.composer.waitFor();
  }

  async createChannel(name: string, kind: 'Public channel' | 'Private channel' = 'Public channel'): Promise<void> {
    await this.page.getByRole('navigation').getByRole('button', { name: 'Create channel' }).click();
    const dialog = this.page.getByRole('dialog', { name: 'Create a channel' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel(kind).check();
    await dialog.getByRole('button', { name: 'Create channel' }).click();
    await this.title(name).waitFor();
  }

  async openChannel(name: string, title: string): Promise<void> {
    await this.entry(name).click();
    await this.title(title).waitFor();
  }

  /** The channel in the sidebar, by its name in addresses. */
  entry(name: string): Locator {
    return this.page.getByTestId(`channel-${name}`);
  }

  title(title: string): Locator {
    return this.page.getByTestId('channel-title').filter({ hasText: title });
  }

  get composer(): Locator {
    return this.page.getByTestId('composer');
  }

  /** The message in the channel that says `text`. */
  post(text: string): Locator {
    return this.page.getByRole('main').getByTestId('post').filter({ hasText: text });
  }

  get thread(): Locator {
    return this.page.getByRole('complementary', { name: 'Thread' });
  }

  reply(text: string): Locator {
    return this.thread.getByTestId('post').filter({ hasText: text });
  }

  /** Sends a message and waits until the server has taken it. `shown` is how it looks, if that differs. */
  async say(text: string, shown = text): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await this.settled(this.post(shown));
  }

  async sayInThread(text: string): Promise<void> {
    const box = this.thread.getByTestId('thread-composer');
    await box.fill(text);
    await box.press('Enter');
    await this.settled(this.reply(text));
  }

  /** Until the server has taken the message. */
  private async settled(post: Locator): Promise<void> {
    await post.and(this.page.locator(':not([data-pending])')).waitFor();
  }

  /** Types a command and returns the answer that only its author sees. */
  async command(line: string): Promise<Locator> {
    const answers = this.page.getByTestId('ephemeral-post');
    const before = await answers.evaluateAll((posts) => posts.map((post) => post.getAttribute('data-post-id')));
    await this.composer.fill(line);
    await this.composer.press('Enter');
    const fresh = before.reduce((found, id) => found.and(this.page.locator(`:not([data-post-id="${id ?? ''}"])`)), answers);
    await fresh.first().waitFor();
    const id = await fresh.first().getAttribute('data-post-id');
    return this.page.locator(`[data-testid="ephemeral-post"][data-post-id="${id ?? ''}"]`);
  }

  /** Opens a menu entry of a message. */
  async act(post: Locator, action: 'Edit' | 'Delete'): Promise<void> {
    await post.hover();
    await post.getByRole('button', { name: /^Actions for/ }).click();
    await this.page.getByRole('button', { name: action, exact: true }).click();
  }

  async edit(post: Locator, text: string): Promise<void> {
    await this.act(post, 'Edit');
    const box = this.page.getByLabel('Edit message');
    await box.fill(text);
    await box.press('Enter');
    await box.waitFor({ state: 'detached' });
  }

  async remove(post: Locator): Promise<void> {
    await this.act(post, 'Delete');
    await this.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await post.waitFor({ state: 'detached' });
  }

  async react(post: Locator, emoji: string): Promise<void> {
    await post.hover();
    await post.getByRole('group').getByRole('button', { name: 'Add reaction' }).click();
    const picker = this.page.getByRole('dialog', { name: 'Choose an emoji' });
    await picker.getByRole('searchbox').fill(emoji);
    await picker.getByRole('button', { name: `:${emoji}:`, exact: true }).click();
  }

  async openThread(post: Locator): Promise<void> {
    await post.hover();
    await post.getByRole('button', { name: 'Reply', exact: true }).click();
    await this.thread.waitFor();
  }
}
