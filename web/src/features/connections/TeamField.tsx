// Where the channels of an organisation go.
import { useCallback, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Option } from '../../ui/SearchSelect';
import { SearchSelect } from '../../ui/SearchSelect';
import { useLoad } from '../../ui/useLoad';
import { listTeams } from './teams';

export interface TeamFieldProps {
  value: string;
  onChange: (teamId: string) => void;
  fault?: string | undefined;
  hint?: string;
  disabled?: boolean;
}

export function TeamField({ value, onChange, fault, hint, disabled = false }: TeamFieldProps) {
  const { t } = useLanguage();
  const [teams, setTeams] = useState<Option[]>([]);
  const { error } = useLoad(useCallback(async () => setTeams(await listTeams()), []));
  return (
    <SearchSelect
      label={t('connections.team')}
      options={teams}
      value={value}
      onChange={onChange}
      hint={hint ?? t('connections.teamHint')}
      fault={fault ?? (error === undefined ? undefined : failureText(error, t))}
      none={t('connections.teamNone')}
      disabled={disabled}
    />
  );
}
