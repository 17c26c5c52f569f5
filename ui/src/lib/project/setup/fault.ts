import { tick } from 'svelte';

/** Go to the first field at fault, once it is marked. */
export async function toFault(form: HTMLFormElement): Promise<void> {
  await tick();
  form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
