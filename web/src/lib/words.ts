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
    get: (key) => use<Value>('readonly', (words) => words.get(key) as IDBRequest<Value>),
    set: async (key, value) => void (await use('readwrite', (words) => words.put(value, key))),
    remove: async (key) => void (await use('readwrite', (words) => words.delete(key))),
  };
}
