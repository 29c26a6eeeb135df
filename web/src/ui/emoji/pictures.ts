// Emoji that are pictures. The app knows which there are; ui asks by name.
import { createContext } from 'react';

export interface EmojiPicture {
  src: string;
  /** Whose it is, if not ours. */
  organisation?: string;
}

/** Finds the picture of a name; `owner` is the connection of whoever wrote it, '' for our people. */
export type FindPicture = (name: string, owner: string) => EmojiPicture | undefined;

export const EmojiPicturesContext = createContext<FindPicture>(() => undefined);

/** The connection of whoever wrote what is drawn, '' for our people. */
export const EmojiOwnerContext = createContext('');
