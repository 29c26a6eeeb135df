// The teams that channels of other organisations can go to.
import { fetchAll } from '../../api/client';
import { count, text } from '../../api/reading';
import type { Option } from '../../ui/SearchSelect';

/** All teams the reader may know of that live, by name. */
export async function listTeams(): Promise<Option[]> {
  const found = (await fetchAll('/teams')).filter((team) => count(team['delete_at']) === 0);
  return found.map((team) => ({ id: text(team['id']), label: text(team['display_name']) })).sort((a, b) => a.label.localeCompare(b.label));
}
