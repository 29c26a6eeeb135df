// The teams one belongs to and the open ones one may join.
import { useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Team } from '../../state/model';
import { useStoreShallow } from '../../state/react';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { hueOf } from '../../ui/hue';
import { joinTeam, listJoinable } from './actions';
import styles from './teams.module.css';

function Line({ team, action, label, onAct }: { team: Team; action: string; label: string; onAct: () => void }) {
  return (
    <li className={styles['line']}>
      <span className={styles['crest']} data-hue={hueOf(team.id)} aria-hidden="true">
        {team.display_name.slice(0, 1).toLocaleUpperCase()}
      </span>
      <span className={styles['lineText']}>
        <strong>{team.display_name}</strong>
        <span>{team.description || team.name}</span>
      </span>
      <Button small aria-label={label} onClick={onAct}>
        {action}
      </Button>
    </li>
  );
}

export function TeamList({ onOpen }: { onOpen: (team: Team) => void }) {
  const { t } = useLanguage();
  const mine = useStoreShallow((state) => state.myTeams.flatMap((id) => state.teams[id] ?? []));
  const [joinable, setJoinable] = useState<Team[]>([]);
  const [fault, setFault] = useState('');

  useEffect(() => {
    listJoinable().then(setJoinable, (error: unknown) => setFault(failureText(error, t)));
  }, [t]);

  async function join(team: Team): Promise<void> {
    try {
      await joinTeam(team.id);
      onOpen(team);
    } catch (error) {
      setFault(failureText(error, t));
    }
  }

  return (
    <div className={styles['form']}>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {mine.length > 0 && (
        <ul className={styles['list']} aria-label={t('teams.yours')}>
          {mine.map((team) => (
            <Line key={team.id} team={team} action={t('teams.open')} label={t('teams.openNamed', { name: team.display_name })} onAct={() => onOpen(team)} />
          ))}
        </ul>
      )}
      {joinable.length > 0 ? (
        <>
          <h2 className={styles['heading']}>{t('teams.joinable')}</h2>
          <ul className={styles['list']} aria-label={t('teams.joinable')}>
            {joinable.map((team) => (
              <Line key={team.id} team={team} action={t('teams.join')} label={t('teams.joinNamed', { name: team.display_name })} onAct={() => void join(team)} />
            ))}
          </ul>
        </>
      ) : (
        mine.length === 0 && fault === '' && <Notice kind="fact">{t('teams.none')}</Notice>
      )}
    </div>
  );
}
