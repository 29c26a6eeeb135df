// The list finds a connection among many (E-159).
import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionList } from './ConnectionList';

const one = (id: string, name: string, site: string) => ({ remote_id: id, name: id, display_name: name, site_url: site, delete_at: 0, create_at: 1, last_ping_at: 1 });

beforeEach(() => {
  const list = [one('acme', 'Acme Europe', 'https://acme.example'), one('globex', 'Globex', 'https://globex.example')];
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(list), { status: 200, headers: { 'Content-Type': 'application/json' } })));
});

describe('the list of connections', () => {
  // E-159
  it('shows those whose names or address have every word that is typed', async () => {
    render(<ConnectionList />);
    await screen.findByText('Globex');
    const type = (value: string) => fireEvent.change(screen.getByRole('searchbox'), { target: { value } });
    type('europe acme');
    expect(screen.queryByText('Globex')).toBeNull();
    expect(screen.getByText('Acme Europe')).toBeTruthy();
    type('globex.example');
    expect(screen.getByText('Globex')).toBeTruthy();
    type('nobody');
    expect(screen.getByRole('status').textContent).toBe('No connection fits.');
  });
});
