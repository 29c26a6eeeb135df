// Which message is being edited: at most one, and both its own menu and the composer's arrow key can start it.
import { createContext } from 'react';

export interface Editing {
  postId: string;
  edit: (postId: string) => void;
}

export const EditingContext = createContext<Editing>({ postId: '', edit: () => undefined });
