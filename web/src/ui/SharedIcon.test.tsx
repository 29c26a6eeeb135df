// UI-16: what the tooltip of the shared mark says.
import { render, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { SharedIcon } from './SharedIcon';

function label(...names: string[]): string {
  const { container } = render(<SharedIcon names={names} />);
  return within(container).getByRole('img').getAttribute('aria-label') ?? '';
}

describe('SharedIcon', () => {
  it.each([
    [[], 'Shared with other organisations'],
    [['Acme'], 'Shared with Acme'],
    [['Acme', 'Globex', 'Initech'], 'Shared with Acme, Globex, Initech'],
    [['Acme', 'Globex', 'Initech', 'Umbrella'], 'Shared with Acme, Globex, Initech, 1 other'],
    [['Acme', 'Globex', 'Initech', 'Umbrella', 'Stark'], 'Shared with Acme, Globex, Initech, 2 others'],
  ])('names %j as "%s"', (names, wanted) => expect(label(...names)).toBe(wanted));

  it('cuts each name at 30 characters and the whole at 120', () => {
    const long = 'An organisation with a very long name indeed';
    expect(label(long)).toBe('Shared with An organisation with a very l…');
    expect(label(long, long, long, long).length).toBeLessThanOrEqual(120);
  });
});
