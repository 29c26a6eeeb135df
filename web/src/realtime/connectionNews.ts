// Tells whoever has connections on screen that one of them changed. They are fetched where they are shown and kept nowhere else.
type Listener = (remoteId: string) => void;

const listeners = new Set<Listener>();

/** Calls `listener` whenever a connection changed; the answer ends that. */
export function onConnectionChanged(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** A connection changed. */
export function announceConnection(remoteId: string): void {
  for (const listener of listeners) listener(remoteId);
}
