// Choosing one of many by typing, with the keyboard and with the mouse.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import { matching, SearchSelect } from './SearchSelect';

const teams = [
  { id: 'a', label: 'Harbour office' },
  { id: 'b', label: 'Harbour pilots' },
  { id: 'c', label: 'Customs' },
];

function Team({ start = '' }: { start?: string }) {
  const [value, setValue] = useState(start);
  return (
    <>
      <SearchSelect label="Team" options={teams} value={value} onChange={setValue} none="No team matches." />
      <output>{value}</output>
    </>
  );
}

const box = () => screen.getByRole('combobox', { name: 'Team' });
const chosen = () => screen.getByRole('status').textContent;

describe('SearchSelect', () => {
  it('finds by every word', () => {
    expect(matching(teams, 'har pil').map((team) => team.id)).toEqual(['b']);
    expect(matching(teams, '')).toHaveLength(3);
  });

  it('chooses with arrows and Enter, without sending the form around it', async () => {
    render(<Team />);
    await userEvent.type(box(), 'harb{ArrowDown}{Enter}');
    expect(chosen()).toBe('b');
    expect((box() as HTMLInputElement).value).toBe('Harbour pilots');
    expect(box().getAttribute('aria-expanded')).toBe('false');
  });

  it('shows all when it is opened, and takes a click', async () => {
    render(<Team start="c" />);
    await userEvent.click(box());
    expect(screen.getAllByRole('option')).toHaveLength(3);
    await userEvent.click(screen.getByRole('option', { name: 'Harbour office' }));
    expect(chosen()).toBe('a');
  });

  it('keeps what was chosen when one thinks better of it', async () => {
    render(<Team start="c" />);
    await userEvent.type(box(), 'zzz');
    expect(screen.getByText('No team matches.')).toBeTruthy();
    await userEvent.keyboard('{Escape}');
    expect((box() as HTMLInputElement).value).toBe('Customs');
    expect(chosen()).toBe('c');
  });
});
