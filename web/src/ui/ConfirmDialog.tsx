// Asks before something is done, and stays with what went wrong if it could not be.
import type { ReactNode } from 'react';
import { useState } from 'react';
import { useLanguage } from '../i18n/context';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Notice } from './Notice';

export interface ConfirmDialogProps {
  title: string;
  /** What the button says that does it. */
  label: string;
  look: 'danger' | 'primary';
  /** Why it cannot be done yet, told to whoever tries; nothing if it can. */
  missing?: string;
  /** Does it. Closing is up to the caller. */
  act: () => Promise<void>;
  /** What is said of a fault of `act`. */
  explain: (fault: unknown) => string;
  onClose: () => void;
  children: ReactNode;
}

export function ConfirmDialog({ title, label, look, missing = '', act, explain, onClose, children }: ConfirmDialogProps) {
  const { t } = useLanguage();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  async function confirm(): Promise<void> {
    setFault(missing);
    if (missing !== '') return;
    setBusy(true);
    try {
      await act();
    } catch (error) {
      setFault(explain(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={title}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look={look} disabled={busy} onClick={() => void confirm()}>
            {label}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {children}
    </Dialog>
  );
}
