import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/client.ts';
import type { Settings } from '#lib/api/types.ts';
import ConfigFile from '#lib/settings/ConfigFile.svelte';
import { domainOf } from '#lib/settings/domains.ts';
import { configDraft } from '#lib/settings/drafts.svelte.ts';
import { SECTIONS } from '#lib/settings/sections.ts';
import { SettingsForm, type Source } from '#lib/settings/settings.svelte.ts';
import { SENDERS, signed, snippetOf } from '#lib/settings/snippets.ts';
import { variablesOf } from '#lib/settings/variables.ts';
import { commands, matching } from '#lib/shell/commands.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { session } from '#lib/state/forge.svelte.ts';
import { aWho } from './made.ts';

const SAVED: Settings = {
  domain: 'localhost',
  domain_pattern: '{stage}-{project}.{domain}',
  unknown_image: 'create',
  default_proxy: 'published',
  host_paths: [],
  free_disk: 1 << 30,
  public_url: '',
  webhook_signature: false,
  close_to_tray: false,
  backup_daily: true,
  backup_hour: 3,
  backup_days: 7,
  backup_weeks: 4,
  receipts: 1000,
  events: 100_000,
};

beforeEach(() => {
  localStorage.clear();
  session.who = aWho({ name: 'ada', role: 'admin' });
  session.state = 'in';
});

/** Forge's settings, and a form over them. */
async function world(kept: Settings = SAVED) {
  const forge = { kept };
  const source: Source = {
    get: async () => forge.kept,
    put: vi.fn(async (wanted) => (forge.kept = wanted)),
  };
  const form = new SettingsForm(source);
  await form.saved.load();
  return { forge, source, form };
}

describe('the settings', () => {
  it('every setting of Forge is in a section, or is the webhook’s or the messages’ own, switch', () => {
    const shown = SECTIONS.flatMap((section) => section.fields);
    const atOnce = ['backup_daily', 'backup_hour', 'backup_days', 'backup_weeks'];
    expect([...shown, ...atOnce, 'public_url', 'webhook_signature'].sort()).toEqual(
      Object.keys(SAVED).sort(),
    );
  });

  it('save a section and nothing else that was typed', async () => {
    const { forge, form } = await world();
    form.type('domain', 'apps.example.org');
    form.type('receipts', 5);
    expect(await form.save(['domain', 'domain_pattern'])).toBe(true);
    expect(forge.kept).toEqual({ ...SAVED, domain: 'apps.example.org' });
    expect(form.isTyped(['domain'])).toBe(false);
    expect(form.value('receipts')).toBe(5);
    expect(form.isTyped(['receipts'])).toBe(true);
  });

  it('leave alone what somebody else changed meanwhile', async () => {
    const { forge, form } = await world();
    forge.kept = { ...SAVED, events: 2000 };
    form.type('domain', 'apps.example.org');
    await form.save(['domain']);
    expect(forge.kept.events).toBe(2000);
  });

  it('keep a draft over a reload, until it is discarded', async () => {
    const { form } = await world();
    form.type('domain', 'apps.example.org');
    const again = await world();
    expect(again.form.value('domain')).toBe('apps.example.org');
    again.form.discard(['domain']);
    expect((await world()).form.value('domain')).toBe('localhost');
  });

  it('have no draft of what is as it was', async () => {
    const { form } = await world();
    form.type('host_paths', ['/srv']);
    form.type('host_paths', []);
    expect(form.isTyped(['host_paths'])).toBe(false);
  });

  it('say beside the field what Forge refuses, and keep what was typed', async () => {
    const { form, source } = await world();
    vi.mocked(source.put).mockRejectedValue(
      new Problem(422, 'invalid', '“x y” is no domain name', { domain: 'no' }),
    );
    form.type('domain', 'x y');
    expect(await form.save(['domain'])).toBe(false);
    expect(form.faults).toEqual({ domain: '“x y” is no domain name' });
    expect(form.value('domain')).toBe('x y');
    form.type('domain', 'x');
    expect(form.faults).toEqual({});
  });

  it('begin without a draft where the kept one is broken', async () => {
    localStorage.setItem('forge.settings.draft', '{nonsense');
    expect((await world()).form.value('domain')).toBe('localhost');
  });
});

describe('a domain as it would be', () => {
  const place = { project: 'shop', stage: 'dev', domain: 'example.org' };
  // the same as tests/unit/test_deploy_spec.py and test_domain_names.py have them
  it.each([
    ['{stage}-{project}.{domain}', undefined, 'dev-shop.example.org'],
    ['{project}.net', undefined, 'shop.net'],
    ['{stage}-{project}.{domain}', 'v1.2_RC', 'dev-shop-v1-2-rc.example.org'],
    ['{tag}.{domain}', 'v1', 'v1.example.org'],
    ['{domain}', 'v1', 'v1.example.org'],
    ['{projct}.{domain}', undefined, null],
  ])('%s with tag %s is %s', (pattern, tag, domain) => {
    expect(domainOf(pattern, tag === undefined ? place : { ...place, tag })).toBe(domain);
  });
});

describe('what is copied', () => {
  it.each(SENDERS.filter((sender) => sender !== 'gitea'))('%s sends what Forge understands', (sender) => {
    const text = snippetOf(sender, 'https://forge.example.org/api/webhook/s3cret', 'ghcr.io/you/shop');
    expect(text).toMatch(/\{\\?"image\\?": /);
    expect(text).toContain('Content-Type: application/json');
    // what is committed to a repository must not hold the secret
    expect(text.includes('s3cret')).toBe(sender === 'curl');
  });

  it('is signed as Forge checks it', () => {
    const text = signed('https://forge.example.org/api/webhook/s3cret', 'ghcr.io/you/shop');
    expect(text).toContain('-hmac "$KEY"');
    expect(text).toContain('X-Hub-Signature-256: sha256=$SIGNATURE');
  });
});

describe('importing a configuration', () => {
  it('knows the variables that the file names', () => {
    const yaml = 'a: {env: ONE}\nb:\n  env: "TWO"\nc: {env: ONE}\nenvironment: {env_name: x}\n';
    expect(variablesOf(yaml)).toEqual(['ONE', 'TWO']);
  });

  it('shows the difference first, and applies what was shown', async () => {
    const sent: [string, unknown][] = [];
    vi.stubGlobal('fetch', async (request: Request) => {
      const url = new URL(request.url);
      sent.push([url.search, JSON.parse(await request.text())]);
      return Response.json({
        applied: false,
        differences: ['+ project web', '~ settings: receipts 1000 → 5'],
      });
    });
    configDraft.yaml = 'projects: {web: {secrets: {A: {env: WEB_A}, B: {env: WEB_B}}}}';
    const user = userEvent.setup();
    render(ConfigFile);
    expect(screen.queryByRole('button', { name: /Apply/ })).toBeNull();
    await user.type(screen.getByLabelText('WEB_A'), 'hunter2');
    await user.click(screen.getByRole('button', { name: 'Show what would change' }));
    await waitFor(() => expect(screen.getByText('project web')).toBeInTheDocument());
    const body = { yaml: configDraft.yaml, environment: { WEB_A: 'hunter2' } };
    expect(sent).toEqual([['?dry_run=true', body]]);

    await user.click(screen.getByRole('button', { name: 'Apply 2 changes' }));
    dialogs.question!.answer(true);
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toEqual(['?dry_run=false', body]);
    await waitFor(() => expect(configDraft.yaml).toBe(''));
  });

  it('forgets the difference when something is typed', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ applied: false, differences: ['+ project web'] }));
    configDraft.yaml = 'projects: {}';
    const user = userEvent.setup();
    render(ConfigFile);
    await user.click(screen.getByRole('button', { name: 'Show what would change' }));
    await waitFor(() => expect(screen.getByRole('button', { name: /Apply/ })).toBeInTheDocument());
    await user.type(screen.getByLabelText('The YAML to import'), '#');
    expect(screen.queryByRole('button', { name: /Apply/ })).toBeNull();
    configDraft.yaml = '';
  });
});

describe('the palette', () => {
  it('reaches every page of the connections and every section of the settings', () => {
    const ids = commands().map((command) => command.id);
    for (const section of SECTIONS) expect(ids).toContain(`settings ${section.id}`);
    for (const noun of ['registries', 'proxies', 'engines']) {
      expect(ids).toContain(`connections ${noun}`);
      expect(ids).toContain(`add ${noun}`);
    }
    expect(matching(commands(), 'backup')[0]!.id).toBe('settings backup');
    expect(matching(commands(), 'add regis')[0]!.id).toBe('add registries');
  });

  it('offers to add only to who may', () => {
    session.who = aWho({ name: 'vera', role: 'viewer' });
    expect(commands().some((command) => command.id.startsWith('add '))).toBe(false);
  });
});
