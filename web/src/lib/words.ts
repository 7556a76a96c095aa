/** What was typed and is not yet safe on the server, kept in IndexedDB so that a closed page loses no word. */
const store = 'words';

export interface Words<Value> {
  get(key: string): Promise<Value | undefined>;
  set(key: string, value: Value): Promise<void>;
  remove(key: string): Promise<void>;
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error('indexedDB'));
  });
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error('indexedDB'));
  });
}

/** Opens once, at the first use. In a private window without IndexedDB every call is a quiet nothing: the server still has the words. */
export function openWords<Value>(name = 'callwright'): Words<Value> {
  let opened: Promise<IDBDatabase> | undefined;
  async function use<T>(mode: IDBTransactionMode, work: (words: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    try {
      opened ??= open(name);
      return await settle(work((await opened).transaction(store, mode).objectStore(store)));
    } catch {
      return undefined; // storage refused: nothing more can be done here than on the server
    }
  }
  return {
    get: async (key) => now<Value>(key) ?? (await use('readonly', (words) => words.get(key) as IDBRequest<Value>)),
    set: async (key, value) => {
      const text = JSON.stringify(value);
      keep(key, text);
      await use('readwrite', (words) => words.put(value, key));
      if (peek(key) === text) keep(key, null);
    },
    remove: async (key) => {
      keep(key, null);
      await use('readwrite', (words) => words.delete(key));
    },
  };
}

// A reload cuts a write to IndexedDB that is under way; until it is through, the words stand in local storage too.
const prefix = 'callwright.words.';

function keep(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, text);
  } catch {
    // full or switched off: IndexedDB has them in a moment
  }
}

function peek(key: string): string | null {
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return null; // switched off
  }
}

function now<Value>(key: string): Value | undefined {
  const text = peek(key);
  return text === null ? undefined : (JSON.parse(text) as Value);
}
