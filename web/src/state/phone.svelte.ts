/** The phone in the browser as the page sees it. For operators with a desk phone nothing of it is loaded. */
import { get } from '../lib/api';
import { ownPhone, type Ownership } from '../lib/tab-owner';
import type { PhoneCall, PhoneSettings, PhoneTrouble, Registration, Softphone } from '../lib/phone/softphone';

class Phone {
  wanted = $state(false);
  owner = $state<Ownership>('asking');
  registration = $state<Registration>('connecting');
  call = $state<PhoneCall>('none');
  trouble = $state<PhoneTrouble | null>(null);
  /** This page has had no call on its phone yet: if a session is up, it is one that another page left behind. */
  adrift = $state(true);
  takeOver: () => void = () => undefined;
  private soft: Softphone | null = null;
  private expecting = false;
  private muted = false;

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    if (!navigator.mediaDevices) this.trouble = 'insecure';
    this.takeOver = ownPhone((state) => this.ownership(state));
    addEventListener('pagehide', () => this.stop());
  }

  get ready(): boolean {
    return this.owner === 'owner' && this.registration === 'registered' && this.trouble !== 'insecure';
  }

  /** The daemon is about to ring this phone. */
  expect(): void {
    this.expecting = true;
    if (this.trouble === 'no_microphone') this.trouble = null;
    this.soft?.expect();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.soft?.setMuted(muted);
  }

  answer(): void {
    this.soft?.answer();
  }

  decline(): void {
    this.soft?.hangup();
  }

  private ownership(state: Ownership): void {
    this.owner = state;
    if (state === 'owner') void this.open();
    if (state === 'other') this.stop();
  }

  private async open(): Promise<void> {
    try {
      const [settings, { Softphone }] = await Promise.all([
        get<PhoneSettings>('/api/v1/phone'),
        import('../lib/phone/softphone'),
      ]);
      if (this.owner !== 'owner' || this.soft) return;
      this.soft = new Softphone(settings, {
        registration: (state) => (this.registration = state),
        call: (state) => {
          this.call = state;
          if (state === 'up') this.adrift = false;
        },
        trouble: (code) => (this.trouble = code),
      });
      if (this.expecting) this.soft.expect();
      this.soft.setMuted(this.muted);
    } catch {
      this.registration = 'unreachable'; // the server or the chunk could not be had; tried again, for the shift cannot begin without
      setTimeout(() => this.owner === 'owner' && void this.open(), 3_000);
    }
  }

  private stop(): void {
    this.soft?.stop();
    this.soft = null;
    this.call = 'none';
    this.registration = 'unreachable';
  }
}

export const phone = new Phone();
