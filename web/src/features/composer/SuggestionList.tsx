// The suggestions above the box. The focus stays in the box; the list says which entry is chosen.
import { useEffect, useRef } from 'react';
import { useLanguage } from '../../i18n/context';
import { Avatar } from '../../ui/Avatar';
import { Emoji } from '../../ui/emoji/Emoji';
import { OrganisationMark } from '../../ui/OrganisationMark';
import styles from './Composer.module.css';
import type { Suggestion } from './suggestions';

export interface SuggestionListProps {
  id: string;
  list: readonly Suggestion[];
  active: number;
  onTake: (suggestion: Suggestion) => void;
}

export function SuggestionList({ id, list, active, onTake }: SuggestionListProps) {
  const { t } = useLanguage();
  const chosen = useRef<HTMLDivElement>(null);
  useEffect(() => chosen.current?.scrollIntoView({ block: 'nearest' }), [active]);
  return (
    <div id={id} className={styles['suggestions']} role="listbox" aria-label={t('composer.suggestions')} data-testid="suggestions">
      {list.map((entry, index) => (
        // The keyboard acts in the box, where the focus is.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={entry.key}
          id={`${id}-${index}`}
          ref={index === active ? chosen : null}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(entry)}
        >
          {entry.user !== undefined && <Avatar id={entry.user.id} name={entry.user.name} size="s" remote={entry.user.remote} />}
          {entry.emoji !== undefined && <Emoji name={entry.emoji} />}
          <strong>{entry.label || entry.hint}</strong>
          {entry.label !== '' && entry.hint !== '' && <span className={styles['hint']}>{entry.hint}</span>}
          {entry.user?.remote === true && <OrganisationMark name={entry.user.organisation} />}
          {entry.description !== '' && <span className={styles['description']}>{entry.description}</span>}
        </div>
      ))}
    </div>
  );
}
