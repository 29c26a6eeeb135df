// Which field of a form a refusal of the server is about, so that it is said there.
import { asFailure } from '../../api/client';
import { failureText } from '../../api/failureText';
import type { Translator } from '../../i18n/translate';

export type FieldName = 'name' | 'team' | 'code' | 'password';

/** Refusals by field; `form` is what concerns no single one. */
export type Faults = Partial<Record<FieldName | 'form', string>>;

const byId: Record<string, FieldName> = {
  'model.cluster.is_valid.name.app_error': 'name',
  'api.remote_cluster.save_not_unique.app_error': 'name',
  'api.remote_cluster.base64_decode_error': 'code',
  'api.remote_cluster.invite_decrypt_error': 'password',
  'rialto.remote_cluster.throttled.app_error': 'password',
};

const byWord: readonly (readonly [RegExp, FieldName])[] = [
  [/default_team_id/, 'team'],
  [/\binvite\b/, 'code'],
  [/password/i, 'password'],
  [/name/i, 'name'],
];

/** Where a refused request's reason belongs. */
export function faultsOf(error: unknown, t: Translator['t']): Faults {
  const failure = asFailure(error);
  if (failure.id === 'api.context.invalid_body_param.app_error') {
    const field = byWord.find(([word]) => word.test(failure.message))?.[1];
    if (field === 'team') return { team: t('connections.teamGone') };
    if (field !== undefined) return { [field]: failure.message };
  }
  const field = byId[failure.id];
  return { [field ?? 'form']: failureText(error, t) };
}
