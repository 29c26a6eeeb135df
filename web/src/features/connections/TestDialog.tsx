// Takes the way to the other server and back, step by step.
import { useCallback, useState } from 'react';
import type { Report } from '../../api/connectionHealth';
import { testConnection } from '../../api/connectionHealth';
import type { Connection } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';
import { Waiting } from '../../ui/Waiting';
import { TestReport } from './TestReport';

export function TestDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { t } = useLanguage();
  const [report, setReport] = useState<Report | undefined>();
  const { error, retry } = useLoad(useCallback(async () => setReport(await testConnection(connection.id)), [connection.id]));
  return (
    <Dialog
      title={t('connections.testTitle', { name: connection.displayName })}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={<Button onClick={onClose}>{t('app.close')}</Button>}
    >
      {error !== undefined && (
        <Notice kind="fault">
          {failureText(error, t)}{' '}
          <Button small onClick={retry}>
            {t('app.retry')}
          </Button>
        </Notice>
      )}
      {report === undefined && error === undefined && <Waiting label={t('connections.testing')} />}
      {report !== undefined && <TestReport report={report} />}
    </Dialog>
  );
}
