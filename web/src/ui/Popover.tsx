// A small panel beside its button, on the native popover: it lies above everything, closes on Escape and on a click elsewhere, and gives the focus back.
import type { CSSProperties, ReactElement, ReactNode } from 'react';
import { createContext, use, useCallback, useId, useState } from 'react';
import styles from './Popover.module.css';

export interface TriggerProps {
  popoverTarget: string;
  'aria-haspopup': 'dialog';
  'aria-expanded': boolean;
}

export interface PopoverProps {
  label: string;
  /** The button; it takes the given properties. */
  trigger: (props: TriggerProps) => ReactElement;
  /** The content; it is drawn when the panel opens. */
  children: ReactNode;
  onOpenChange?: (open: boolean) => void;
}

const CloseContext = createContext<() => void>(() => undefined);

/** Closes the panel this component stands in. */
export function useClosePopover(): () => void {
  return use(CloseContext);
}

const GAP = 6;

/** Puts the panel below the button, or above it where there is no room, and keeps it inside the window. */
function place(panel: HTMLElement, anchor: DOMRect): void {
  const { width, height } = panel.getBoundingClientRect();
  const below = anchor.bottom + GAP;
  const top = below + height <= window.innerHeight ? below : Math.max(GAP, anchor.top - GAP - height);
  const left = Math.min(Math.max(GAP, anchor.right - width), Math.max(GAP, window.innerWidth - width - GAP));
  panel.style.setProperty('top', `${Math.round(top)}px`);
  panel.style.setProperty('left', `${Math.round(left)}px`);
}

const hiddenUntilPlaced: CSSProperties = { top: 0, left: 0 };

export function Popover({ label, trigger, children, onOpenChange }: PopoverProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const close = useCallback(() => document.getElementById(id)?.hidePopover(), [id]);

  function settle(isOpen: boolean): void {
    setOpen(isOpen);
    onOpenChange?.(isOpen);
    if (!isOpen) return;
    // The content is drawn with the state set above; it is measured once it stands.
    requestAnimationFrame(() => {
      const element = document.getElementById(id);
      const anchor = document.querySelector(`[popovertarget="${CSS.escape(id)}"]`);
      if (element === null || anchor === null) return;
      place(element, anchor.getBoundingClientRect());
      element.querySelector<HTMLElement>('input, [data-first], button, a')?.focus();
    });
  }

  return (
    <>
      {trigger({ popoverTarget: id, 'aria-haspopup': 'dialog', 'aria-expanded': open })}
      <div id={id} popover="auto" role="dialog" aria-label={label} className={styles['panel']} style={hiddenUntilPlaced} onToggle={(event) => settle(event.newState === 'open')}>
        {open && <CloseContext value={close}>{children}</CloseContext>}
      </div>
    </>
  );
}

export interface MenuItemProps {
  icon?: ReactNode;
  children: ReactNode;
  danger?: boolean;
  onSelect: () => void;
  testId?: string;
}

/** One line of a menu inside a popover; choosing it closes the popover. */
export function MenuItem({ icon, children, danger = false, onSelect, testId }: MenuItemProps) {
  const close = useClosePopover();
  return (
    <button
      type="button"
      className={styles['item']}
      data-danger={danger || undefined}
      data-testid={testId}
      onClick={() => {
        close();
        onSelect();
      }}
    >
      {icon}
      <span>{children}</span>
    </button>
  );
}
