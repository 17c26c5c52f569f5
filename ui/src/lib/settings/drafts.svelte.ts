/** What was pasted to be imported; it stays while the page is open. */
class ConfigDraft {
  yaml = $state('');
}

export const configDraft = new ConfigDraft();
