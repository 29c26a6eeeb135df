// Reads a table in an answer as people do: rows by the names of their columns.
import type { Locator } from 'playwright-core';

export async function readTable(answer: Locator): Promise<Record<string, string>[]> {
  const names = await answer.getByRole('columnheader').allInnerTexts();
  const rows = await answer.locator('tbody tr').all();
  return Promise.all(
    rows.map(async (row) => {
      const cells = await row.getByRole('cell').allInnerTexts();
      return Object.fromEntries(names.map((name, index) => [name.trim(), (cells[index] ?? '').trim()]));
    }),
  );
}
