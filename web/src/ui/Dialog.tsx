// A modal dialog on the native element: the browser traps the focus, closes on Escape and gives the focus back.
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './Button';
import styles from './Dialog.module.css';

export interface DialogProps {
  title: string;
  closeLabel: string;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the foot. */
  actions?: ReactNode;
  wide?: boolean;
  /** A click outside does not close it: what it shows is lost then. */
  sticky?: boolean;
}

/** Opens when mounted; the owner stops rendering it on `onClose`. */
export function Dialog({ title, closeLabel, onClose, children, actions, wide = false, sticky = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // Before it leaves the page: only then the browser gives the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) {
      dialog.showModal();
      // The browser would choose the close button, which stands first. One came to type, or to decide.
      dialog.querySelector<HTMLElement>('[data-content] input, [data-actions] button')?.focus();
    }
    return () => dialog?.close();
  }, []);

  return (
    // A click on the backdrop is a convenience for the mouse; the keyboard has Escape and the close button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={ref}
      className={styles['dialog']}
      data-wide={wide || undefined}
      aria-labelledby={titleId}
      onCancel={(event) => {
        // Whether Escape closes it is for the owner to say: there may be something to be asked first.
        event.preventDefault();
        onClose();
      }}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && !sticky && onClose()}
    >
      <div className={styles['sheet']}>
        <header className={styles['head']}>
          <h2 id={titleId}>{title}</h2>
          <IconButton label={closeLabel} onClick={onClose}>
            <X size={18} />
          </IconButton>
        </header>
        <div className={styles['body']} data-content>{children}</div>
        {actions !== undefined && <footer className={styles['foot']} data-actions>{actions}</footer>}
      </div>
    </dialog>
  );
}
