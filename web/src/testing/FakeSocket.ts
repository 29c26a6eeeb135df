// A WebSocket whose server is the test.

export class FakeSocket extends EventTarget {
  static readonly made: FakeSocket[] = [];
  readonly url: URL;
  readonly sent: string[] = [];
  readyState: number = WebSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;

  constructor(url: string) {
    super();
    this.url = new URL(url);
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }

  /** The server accepts. */
  open(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }

  /** The server says something. */
  tell(event: string, data: object, seq: number): void {
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify({ event, data, broadcast: {}, seq }) }));
  }

  hello(connectionId: string): void {
    this.tell('hello', { connection_id: connectionId, server_version: '11.6.0' }, 0);
  }

  /** The line breaks. */
  drop(code = 1006): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(new CloseEvent('close', { code }));
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error('nobody connected');
    return socket;
  }
}

/** Pass as `open` to the socket under test. */
export function openFake(url: string): WebSocket {
  return new FakeSocket(url) as unknown as WebSocket;
}
