// What to tell a person about a failed request: the server's own words where it has some, ours where it could not speak.
import type { Translator } from '../i18n/translate';
import { asFailure } from './client';

export function failureText(error: unknown, t: Translator['t']): string {
  const failure = asFailure(error);
  switch (failure.kind) {
    case 'unreachable':
      return t('error.unreachable');
    case 'server':
      return failure.message || t('error.server');
    case 'forbidden':
      return failure.message || t('error.forbidden');
    case 'missing':
      return failure.message || t('error.missing');
    case 'signed-out':
      return failure.message || t('session.ended');
    case 'invalid':
      return failure.message;
  }
}
