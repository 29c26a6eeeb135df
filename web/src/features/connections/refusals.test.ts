// Every refusal of the server stands where it belongs, and none is lost.
import { describe, expect, it } from 'vitest';
import { RequestFailed } from '../../api/client';
import { en } from '../../i18n/en';
import { translator } from '../../i18n/translate';
import { faultsOf } from './refusals';

const { t } = translator('en', en);
const refused = (id: string, message: string, status = 400) => faultsOf(new RequestFailed('invalid', id, status, message), t);

describe('refusals', () => {
  it.each([
    ['api.remote_cluster.base64_decode_error', 'The invitation is damaged.', { code: 'The invitation is damaged.' }],
    ['api.remote_cluster.invite_decrypt_error', 'It does not open.', { password: 'It does not open.' }],
    ['rialto.remote_cluster.throttled.app_error', 'Too many.', { password: 'Too many.' }],
    ['api.remote_cluster.save_not_unique.app_error', 'Taken.', { name: 'Taken.' }],
    ['model.cluster.is_valid.name.app_error', 'No.', { name: 'No.' }],
    ['api.context.invalid_body_param.app_error', 'Invalid or missing default_team_id in request body.', { team: 'This team does not exist any more.' }],
    ['api.context.invalid_body_param.app_error', 'The password needs at least 8 characters.', { password: 'The password needs at least 8 characters.' }],
    ['api.context.invalid_body_param.app_error', 'The display name is longer than 64 characters.', { name: 'The display name is longer than 64 characters.' }],
    ['api.remote_cluster.accept_invitation_error', 'The invitation has expired; ask for a new one.', { form: 'The invitation has expired; ask for a new one.' }],
  ])('%s: %s', (id, message, faults) => {
    expect(refused(id, message)).toEqual(faults);
  });

  it('of a line that broke are said for the whole form', () => {
    expect(faultsOf(new TypeError('failed to fetch'), t)).toEqual({ form: t('error.unreachable') });
  });
});
