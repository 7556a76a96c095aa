/** The operator's phone in the browser: registers at the PBX, takes the daemon's session call by itself, mutes. Loaded only when needed. */
import { UA, WebSocketInterface } from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent } from 'jssip/lib/UA';
import { pause } from '../backoff';

export interface PhoneSettings {
  uri: string;
  ws: string;
  password: string;
  display: string;
}

export type Registration = 'connecting' | 'registered' | 'refused' | 'unreachable';
export type PhoneCall = 'none' | 'ringing' | 'up';
export type PhoneTrouble = 'no_microphone' | 'insecure';

export interface PhoneEvents {
  registration: (state: Registration) => void;
  call: (state: PhoneCall) => void;
  trouble: (code: PhoneTrouble) => void;
}

/** On a LAN the host candidates come at once; waiting for more only delays the answer. */
const candidateLimit = 300;

export class Softphone {
  private readonly ua: UA;
  private readonly audio = new Audio();
  private session: RTCSession | null = null;
  private expectedUntil = 0;
  private muted = false;
  private refusals = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    settings: PhoneSettings,
    private readonly events: PhoneEvents,
  ) {
    this.ua = new UA({
      sockets: [new WebSocketInterface(settings.ws)],
      uri: settings.uri,
      password: settings.password,
      display_name: settings.display,
      register: true,
      register_expires: 120,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.listen();
    this.ua.start();
  }

  /** The next call within a minute is the daemon's session call, and is taken without a press. */
  expect(): void {
    this.expectedUntil = performance.now() + 60_000;
    if (this.session?.isInProgress() && this.session.direction === 'incoming') this.answer();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (!this.session?.isEstablished()) return;
    if (muted) this.session.mute({ audio: true });
    else this.session.unmute({ audio: true });
  }

  answer(): void {
    if (!navigator.mediaDevices) {
      this.events.trouble('insecure');
      return;
    }
    this.expectedUntil = 0;
    this.session?.answer({
      mediaConstraints: { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: false },
      pcConfig: { iceServers: [] },
    });
  }

  hangup(): void {
    if (this.session && !this.session.isEnded()) this.session.terminate();
  }

  /**
   * Goes without a word: a page that is reloaded, or gives the phone to another tab, has not hung up. The PBX misses
   * the sound, or is asked for the call again; a goodbye would end it for the client.
   */
  stop(): void {
    clearTimeout(this.retry);
    this.session?.connection?.close();
    (this.ua as unknown as { _transport: { disconnect(): void } | null })._transport?.disconnect();
    this.ua.stop();
    this.audio.srcObject = null;
  }

  private listen(): void {
    this.ua.on('connecting', () => this.events.registration('connecting'));
    this.ua.on('disconnected', () => this.events.registration('unreachable'));
    this.ua.on('registered', () => {
      this.refusals = 0;
      this.events.registration('registered');
    });
    this.ua.on('registrationFailed', () => {
      this.events.registration('refused');
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.ua.isConnected() && this.ua.register(), pause(this.refusals++));
    });
    this.ua.on('newRTCSession', (event: RTCSessionEvent) => this.incoming(event.session));
  }

  private incoming(session: RTCSession): void {
    if (session.direction !== 'incoming') return;
    if (this.session && !this.session.isEnded()) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    this.follow(session);
    if (performance.now() < this.expectedUntil) this.answer();
    else this.events.call('ringing');
  }

  private follow(session: RTCSession): void {
    let cut: ReturnType<typeof setTimeout> | undefined;
    session.on('icecandidate', ({ ready }) => (cut ??= setTimeout(ready, candidateLimit)));
    session.on('peerconnection', ({ peerconnection }) => {
      peerconnection.addEventListener('track', (event: RTCTrackEvent) => this.play(event));
    });
    session.on('confirmed', () => {
      this.setMuted(this.muted);
      this.events.call('up');
    });
    const over = (): void => {
      clearTimeout(cut);
      if (session !== this.session) return;
      this.session = null;
      this.audio.srcObject = null;
      this.events.call('none');
    };
    session.on('ended', over);
    session.on('failed', over);
    session.on('getusermediafailed', () => this.events.trouble('no_microphone'));
  }

  private play(event: RTCTrackEvent): void {
    this.audio.srcObject = new MediaStream([event.track]);
    // Refused only before the first press on the page, and a session begins with a press.
    void this.audio.play().catch(() => undefined);
  }
}
