/** One tab owns the phone (Web Locks); another may take it over, and the first one learns of it. */
export type Ownership = 'asking' | 'owner' | 'other';

const lock = 'callwright.phone';

/**
 * Tells `changed` whether this tab owns the phone, and returns the call that takes it over.
 * Where Web Locks are missing (plain HTTP on another host than this one) every tab is an owner.
 */
export function ownPhone(changed: (state: Ownership) => void): () => void {
  if (!navigator.locks) {
    changed('owner');
    return () => undefined;
  }
  changed('asking');
  void hold({ ifAvailable: true });

  async function hold(options: LockOptions): Promise<void> {
    try {
      await navigator.locks.request(lock, options, (granted) => {
        if (!granted) {
          changed('other');
          return undefined;
        }
        changed('owner');
        return new Promise(() => undefined); // held until the tab closes or another steals it
      });
    } catch {
      changed('other'); // stolen
    }
  }

  return () => void hold({ steal: true });
}
