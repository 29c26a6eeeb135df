// The WebSocket. The official client does what the protocol asks (cookie sign-in, `seq` check, resuming by connection id and sequence number, backing
// off, ping); this file tells its events to the rest in our terms.
import { WebSocketClient } from '@mattermost/client';
import { webSocketUrl } from '../api/site';
import type { Frame } from './frames';
import { readFrame } from './frames';

export interface Listener {
  opened: () => void;
  /** The server knows this connection: whatever is fetched from now on cannot miss anything. */
  hello: () => void;
  closed: () => void;
  frame: (frame: Frame) => void;
  /** The server could not resume: what happened meanwhile has to be fetched. */
  missed: () => void;
}

export interface Socket {
  typing: (channelId: string, rootId: string) => void;
  close: () => void;
}

export interface SocketOptions {
  open?: (url: string) => WebSocket;
  /** First wait before a retry, in ms; up to `jitter` is added, and after several failures it grows. */
  retry?: number;
  jitter?: number;
}

/** Connects and stays connected until `close`. */
export function connect(listener: Listener, options: SocketOptions = {}): Socket {
  const { open = (url: string) => new WebSocket(url), retry = 1000, jitter = 1000 } = options;
  const socket = new WebSocketClient({ newWebSocketFn: open, minWebSocketRetryTime: retry, reconnectJitterRange: jitter, maxWebSocketRetryTime: 60_000 });
  socket.addFirstConnectListener(listener.opened);
  socket.addReconnectListener(listener.opened);
  socket.addCloseListener(listener.closed);
  socket.addMissedMessageListener(listener.missed);
  socket.addMessageListener((message) => {
    if ((message as { event: string }).event === 'hello') listener.hello();
    const frame = readFrame(message);
    if (frame !== undefined) listener.frame(frame);
  });
  socket.initialize(webSocketUrl);
  return {
    typing: (channelId, rootId) => socket.userTyping(channelId, rootId),
    close: () => socket.close(),
  };
}
