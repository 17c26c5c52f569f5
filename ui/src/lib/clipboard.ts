/** Copy text. navigator.clipboard needs a secure context, and some windows refuse it: then the old way. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard && isSecureContext) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // refused: the old way
  }
  const back = document.activeElement as HTMLElement | null;
  const host = back?.closest('dialog') ?? document.body; // what is outside of an open dialog cannot be selected
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'fixed -left-[999px] top-0';
  area.setAttribute('aria-hidden', 'true');
  host.append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    back?.focus();
  }
}
