/** What the editor asks of the server. */
import { get, post } from '../../lib/api';
import type {
  Comparison,
  DraftView,
  Editing,
  FindingView,
  Preview,
  Saved,
  ScriptRow,
  PublishedVersion,
  YamlRead,
} from '../../lib/api.gen';
import { prefs } from '../../state/prefs.svelte';
import type { Doc, Script } from './doc';

export type { BlockChange, Comparison, DraftView, FindingView, PartChange, Preview, ScriptRow, PublishedVersion } from '../../lib/api.gen';

const root = '/api/v1/scripts';
const words = (): string => `language=${prefs.language}`;

export interface Client {
  name: string;
  first_name: string;
  city: string;
  campaign: string;
}
/** A move of the preview, with the fields that were filled in. */
export type Move = Record<string, unknown> & { kind: 'answer' | 'none' | 'jump' | 'return' | 'back' };

export const listScripts = async (): Promise<ScriptRow[]> => (await get<{ items: ScriptRow[] }>(root)).items;
export const createScript = async (script: Script, layout: Doc['layout'] = {}): Promise<number> =>
  (await post<{ id: number }>(root, { script, layout })).id;
export const readDraft = (id: number): Promise<DraftView> => get<DraftView>(`${root}/${id}?${words()}`);
export const saveDraft = (id: number, revision: number, doc: Doc): Promise<Saved> =>
  post<Saved>(`${root}/${id}?${words()}`, { revision, script: doc.script, layout: doc.layout });
export const checkDraft = async (id: number, script: Script): Promise<FindingView[]> =>
  (await post<{ findings: FindingView[] }>(`${root}/${id}/check?${words()}`, { script })).findings;
export const publishDraft = async (id: number, revision: number, note: string): Promise<number> =>
  (await post<{ version: number }>(`${root}/${id}/publish`, { revision, note })).version;
export const listVersions = async (id: number): Promise<PublishedVersion[]> =>
  (await get<{ items: PublishedVersion[] }>(`${root}/${id}/versions`)).items;
/** 0 is the draft. */
export const compareVersions = (id: number, from: number, to: number): Promise<Comparison> =>
  get<Comparison>(`${root}/${id}/compare?from=${from}&to=${to}&${words()}`);
export const rollBack = (id: number, revision: number, version: number): Promise<Saved> =>
  post<Saved>(`${root}/${id}/rollback?${words()}`, { revision, version });
export const archive = (id: number, archived: boolean): Promise<unknown> => post(`${root}/${id}/archive`, { archived });
export const tellEditing = (id: number, here: boolean): Promise<Editing> =>
  post<Editing>(`${root}/${id}/editing`, { here }, 0);
export const walkDraft = (script: Script, moves: Move[], client: Client): Promise<Preview> =>
  post<Preview>(`${root}/preview?${words()}`, { script, moves, client });
export const readYaml = (text: string): Promise<YamlRead> => post<YamlRead>(`${root}/yaml?${words()}`, { text });
export const yamlOf = (id: number, version = 0): string => `${root}/${id}/yaml${version ? `?version=${version}` : ''}`;
