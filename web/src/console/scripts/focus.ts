/** What was just added is what one writes next. */
import { tick } from 'svelte';

export async function focusLast(root: HTMLElement | undefined, selector: string): Promise<void> {
  await tick();
  root?.querySelectorAll<HTMLElement>(selector).item(root.querySelectorAll(selector).length - 1)?.focus();
}
