/** The page's websocket: whole states come in, and it is opened again with growing pauses for as long as the page lives. */
import { pause } from './backoff';

export interface LiveHandlers<Frame> {
  frame: (frame: Frame) => void;
  up: (isUp: boolean) => void;
  logout: () => void;
}

/** A socket that has said nothing for this long is dead: the server sends a state at least every 20 s or pings below us. */
const openingLimit = 8_000;

export class Live<Frame extends { type: string }> {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private closed = false;

  constructor(
    private readonly path: string,
    private readonly handlers: LiveHandlers<Frame>,
  ) {
    addEventListener('online', this.hurry);
    this.open();
  }

  close(): void {
    this.closed = true;
    removeEventListener('online', this.hurry);
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private readonly hurry = (): void => {
    if (this.closed || this.socket?.readyState === WebSocket.OPEN) return;
    this.attempt = 0;
    this.again(0);
  };

  private open(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket = socket;
    const limit = setTimeout(() => socket.close(), openingLimit);
    socket.onmessage = (event) => {
      if (socket !== this.socket || this.closed) return;
      clearTimeout(limit);
      this.receive(JSON.parse(String(event.data)) as Frame);
    };
    socket.onclose = () => {
      clearTimeout(limit);
      if (socket !== this.socket || this.closed) return;
      this.handlers.up(false);
      this.again(pause(this.attempt++));
    };
  }

  private receive(frame: Frame): void {
    if (frame.type === 'logout') {
      this.close();
      this.handlers.logout();
      return;
    }
    this.attempt = 0;
    this.handlers.up(true);
    this.handlers.frame(frame);
  }

  private again(ms: number): void {
    clearTimeout(this.timer);
    const old = this.socket;
    this.timer = setTimeout(() => {
      if (this.socket === old) this.socket = null;
      old?.close();
      this.open();
    }, ms);
  }
}
