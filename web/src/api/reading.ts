// Reads members of answers that may lack them or hold something else.
import { isRecord } from './client';

/** A text, "" for anything else. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A number, 0 for anything else. */
export const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** A number that may not be known. */
export const span = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** The objects of a list. */
export const records = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []).filter(isRecord);
