// Which team is open, and the way to the others.
import { ChevronDown, LayoutGrid } from 'lucide-react';
import { useLocation } from 'wouter';
import { useLanguage } from '../i18n/context';
import { teamHref } from '../state/addresses';
import type { Team } from '../state/model';
import { useStoreShallow } from '../state/react';
import { Bridge } from '../ui/Bridge';
import { MenuItem, Popover } from '../ui/Popover';
import styles from './Workspace.module.css';

export function TeamMenu({ team }: { team: Team }) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const others = useStoreShallow((state) => state.myTeams.filter((id) => id !== team.id).flatMap((id) => state.teams[id] ?? []));
  return (
    <div className={styles['teamMenu']}>
      <Popover
        label={t('teams.switch')}
        trigger={(props) => (
          <button type="button" className={styles['team']} title={t('teams.switch')} {...props}>
            <span className={styles['crest']} aria-hidden="true">
              <Bridge size={18} />
            </span>
            <span className={styles['teamName']}>{team.display_name}</span>
            <ChevronDown size={16} aria-hidden="true" />
          </button>
        )}
      >
            {others.map((other) => (
              <MenuItem key={other.id} onSelect={() => navigate(teamHref(other))}>
                {other.display_name}
              </MenuItem>
            ))}
            <MenuItem icon={<LayoutGrid size={16} />} onSelect={() => navigate('/select_team')}>
              {t('teams.all')}
            </MenuItem>
      </Popover>
    </div>
  );
}
