// What the text of a message refers to: people and channels by name. The app fills it from the store; ui knows nothing of either.
import { createContext } from 'react';

export interface References {
  /** How a mentioned name is to be shown; undefined if nobody has it. */
  mention: (name: string) => { label: string; self: boolean } | undefined;
  /** Title and address (below the base path) of a channel of this team; undefined if there is none. */
  channel: (name: string) => { label: string; href: string } | undefined;
  /** Follows an address inside the app. */
  go: (href: string) => void;
}

export const ReferencesContext = createContext<References>({ mention: () => undefined, channel: () => undefined, go: () => undefined });
