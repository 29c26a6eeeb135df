// After a refusal the reader is put where it is said.
import type { RefObject } from 'react';
import { useEffect, useRef } from 'react';
import type { Faults } from './refusals';

/** The ref of the form whose first field with a fault takes the focus. */
export function useFaultFocus(faults: Faults): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), [faults]);
  return form;
}
