import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/client.ts';
import { Draft, typed } from '#lib/project/setup/draft.svelte.ts';

interface Form {
  port: string;
  secret: string;
}

let forge = $state<Form>({ port: '80', secret: '' });
let ends: (() => void)[] = [];
const send = vi.fn<(form: Form, dry: boolean) => Promise<Form>>();

/** A draft that is shown: its effects run until the test ends. */
function aDraft(): Draft<Form, Form> {
  const draft = new Draft<Form, Form>({
    name: 'draft.test',
    form: () => ({ ...forge }),
    formOf: (view) => ({ ...view, secret: '' }),
    kept: (form) => ({ ...form, secret: '' }),
    faults: (form): Record<string, string> => (form.port === 'x' ? { port: 'Write a number here.' } : {}),
    send,
  });
  ends.push(
    $effect.root(() => {
      $effect(() => draft.follow());
      $effect(() => draft.renew());
    }),
  );
  flushSync();
  return draft;
}

function type(draft: Draft<Form, Form>, changes: Partial<Form>) {
  Object.assign(draft.form, changes);
  flushSync();
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  typed.clear();
  forge = { port: '80', secret: '' };
  send.mockReset().mockImplementation(async (form) => ({ ...form }));
});

afterEach(() => {
  ends.forEach((end) => end());
  ends = [];
  vi.useRealTimers();
});

describe('a draft', () => {
  it('is dirty once something was typed, and not when that is taken back', () => {
    const draft = aDraft();
    expect(draft.dirty).toBe(false);
    type(draft, { port: '81' });
    expect(draft.dirty).toBe(true);
    type(draft, { port: '80' });
    expect(draft.dirty).toBe(false);
    expect(localStorage.length).toBe(0);
  });

  it('is there again after a reload, but no secret in it', () => {
    type(aDraft(), { port: '81', secret: 's3cret' });
    expect(JSON.stringify({ ...localStorage })).not.toContain('s3cret');
    typed.clear(); // as a reload does
    const again = aDraft();
    expect([again.form.port, again.form.secret, again.dirty, again.overtaken]).toEqual([
      '81',
      '',
      true,
      false,
    ]);
  });

  it('is there again with its secrets after another page of Forge was looked at', () => {
    type(aDraft(), { secret: 's3cret' });
    const again = aDraft();
    expect(again.form.secret).toBe('s3cret');
    again.discard();
    flushSync();
    expect(aDraft().form.secret).toBe('');
  });

  it('does not take up what an older page kept of another form', () => {
    localStorage.setItem('draft.test', JSON.stringify({ base: '', form: { port: '81' } }));
    expect(aDraft().dirty).toBe(false);
    localStorage.setItem('draft.test', '{');
    expect(aDraft().dirty).toBe(false);
  });

  it('is checked once the typing pauses', async () => {
    const draft = aDraft();
    type(draft, { port: '8' });
    await vi.advanceTimersByTimeAsync(300);
    type(draft, { port: '81' });
    await vi.advanceTimersByTimeAsync(600);
    expect(send.mock.calls.map(([form, dry]) => [form.port, dry])).toEqual([['81', true]]);
    expect(draft.checked?.port).toBe('81');
  });

  it('shows a refusal at its field until something else is typed', async () => {
    send.mockRejectedValue(
      new Problem(422, 'invalid', 'The port is between 1 and 65535', { port: '1 to 65535' }),
    );
    const draft = aDraft();
    type(draft, { port: '99999' });
    await vi.advanceTimersByTimeAsync(600);
    expect([draft.faults.port, draft.unchecked]).toEqual(['The port is between 1 and 65535', true]);
    type(draft, { port: '81' });
    expect(draft.faults).toEqual({});
  });

  it('gathers what is wrong with lists in one place each', async () => {
    const refused = new Problem(422, 'invalid', 'No.', {
      'secrets.KEY': 'no value',
      'volumes[0].path': 'no',
    });
    send.mockRejectedValue(refused);
    const draft = aDraft();
    type(draft, { port: '81' });
    await draft.save();
    expect(draft.faults).toEqual({ variables: 'No.', volumes: 'No.' });
  });

  it('says nothing of a Forge that is away while one types', async () => {
    send.mockRejectedValue(new Problem(0, 'unreachable', 'Forge does not answer.'));
    const draft = aDraft();
    type(draft, { port: '81' });
    await vi.advanceTimersByTimeAsync(600);
    expect(draft.problem).toBeNull();
    expect(await draft.save()).toBeNull();
    expect(draft.problem).not.toBeNull();
  });

  it('is not sent while a figure cannot be read', async () => {
    const draft = aDraft();
    type(draft, { port: 'x' });
    await vi.advanceTimersByTimeAsync(600);
    expect([draft.faults, draft.unchecked]).toEqual([{}, true]);
    expect(await draft.save()).toBeNull();
    expect(send).not.toHaveBeenCalled();
    expect(draft.faults.port).toBe('Write a number here.');
  });

  it('is clean and forgotten once it was saved, also its secrets', async () => {
    const draft = aDraft();
    type(draft, { port: '81', secret: 's3cret' });
    await draft.save();
    flushSync();
    expect(send).toHaveBeenLastCalledWith({ port: '81', secret: 's3cret' }, false);
    expect([draft.dirty, draft.form.port, draft.form.secret, localStorage.length]).toEqual([
      false,
      '81',
      '',
      0,
    ]);
  });

  it('follows Forge while nothing was typed', () => {
    const draft = aDraft();
    forge = { port: '82', secret: '' };
    flushSync();
    expect([draft.form.port, draft.dirty, draft.overtaken]).toEqual(['82', false, false]);
  });

  it('keeps what was typed when somebody else changes it, and says so', () => {
    const draft = aDraft();
    type(draft, { port: '81' });
    forge = { port: '82', secret: '' };
    flushSync();
    expect([draft.form.port, draft.base.port, draft.overtaken]).toEqual(['81', '82', true]);
    draft.discard();
    flushSync();
    expect([draft.form.port, draft.dirty, draft.overtaken]).toEqual(['82', false, false]);
  });

  it('says so too when that happened while the page was closed', () => {
    type(aDraft(), { port: '81' });
    forge = { port: '82', secret: '' };
    expect(aDraft().overtaken).toBe(true);
  });
});
