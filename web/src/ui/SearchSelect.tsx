// A field to choose one of many from by typing a part of its name (the combobox of the ARIA practices).
import type { KeyboardEvent } from 'react';
import { useId, useState } from 'react';
import field from './Field.module.css';
import styles from './SearchSelect.module.css';

export interface Option {
  id: string;
  label: string;
}

export interface SearchSelectProps {
  label: string;
  options: readonly Option[];
  /** Id of what is chosen, "" for nothing. */
  value: string;
  onChange: (id: string) => void;
  hint?: string | undefined;
  fault?: string | undefined;
  /** Said when nothing matches. */
  none: string;
  disabled?: boolean;
}

/** The options that hold every word of `term`, in any order. */
export function matching(options: readonly Option[], term: string): Option[] {
  const words = term.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return options.filter((option) => words.every((word) => option.label.toLowerCase().includes(word)));
}

export function SearchSelect({ label, options, value, onChange, hint, fault, none, disabled = false }: SearchSelectProps) {
  const id = useId();
  // What is typed; undefined while the list is closed and the choice itself is shown.
  const [term, setTerm] = useState<string | undefined>();
  const [active, setActive] = useState(0);
  const chosen = options.find((option) => option.id === value)?.label ?? '';
  const open = term !== undefined;
  const found = open ? matching(options, term === chosen ? '' : term) : [];
  const note = fault ?? hint;

  function choose(option: Option | undefined): void {
    if (option === undefined) return;
    onChange(option.id);
    setTerm(undefined);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) setTerm(chosen);
      else setActive((before) => Math.min(Math.max(before + (event.key === 'ArrowDown' ? 1 : -1), 0), Math.max(found.length - 1, 0)));
    } else if (event.key === 'Enter' && open) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === 'Escape' && open) {
      // Closes the list, not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      setTerm(undefined);
    }
  }

  return (
    <div className={field['field']} data-testid="search-select">
      <label htmlFor={id}>{label}</label>
      <span className={field['box']} data-fault={fault !== undefined || undefined}>
        <input
          id={id}
          role="combobox"
          autoComplete="off"
          aria-autocomplete="list"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-activedescendant={open && found[active] !== undefined ? `${id}-${found[active].id}` : undefined}
          aria-describedby={note === undefined ? undefined : `${id}-note`}
          aria-invalid={fault !== undefined}
          disabled={disabled}
          value={term ?? chosen}
          onChange={(event) => {
            setTerm(event.target.value);
            setActive(0);
          }}
          onClick={() => setTerm((before) => before ?? chosen)}
          onKeyDown={onKeyDown}
          onBlur={() => setTerm(undefined)}
        />
      </span>
      <div id={`${id}-list`} role="listbox" aria-label={label} className={styles['list']} hidden={!open || found.length === 0}>
        {found.map((option, index) => (
          // The keyboard is served by the field, which keeps the focus.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={option.id}
            id={`${id}-${option.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(option)}
          >
            {option.label}
          </div>
        ))}
      </div>
      {open && found.length === 0 && (
        <p className={field['note']} role="status">
          {none}
        </p>
      )}
      {note !== undefined && (
        <p id={`${id}-note`} className={field['note']} data-fault={fault !== undefined || undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
