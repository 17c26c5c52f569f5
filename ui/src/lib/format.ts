/** Figures and times as people read them. */
import { spoken, t } from '#lib/i18n/words.svelte.ts';

/** A span of `seconds` in its two largest units: `3 h 12 min`. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t.time.seconds(s);
  if (s < 3600)
    return s % 60 && s < 600
      ? `${t.time.minutes(Math.floor(s / 60))} ${t.time.seconds(s % 60)}`
      : t.time.minutes(Math.floor(s / 60));
  if (s < 86400) {
    const minutes = Math.floor((s % 3600) / 60);
    return `${t.time.hours(Math.floor(s / 3600))}${minutes ? ` ${t.time.minutes(minutes)}` : ''}`;
  }
  const hours = Math.floor((s % 86400) / 3600);
  return `${t.time.days(Math.floor(s / 86400))}${hours ? ` ${t.time.hours(hours)}` : ''}`;
}

/** How long something took, as exactly as matters: `12 ms`, `0.4 s`. */
export function took(seconds: number): string {
  if (seconds > 0 && seconds < 0.0995) return t.deploys.milliseconds(Math.max(1, Math.round(seconds * 1000)));
  if (seconds >= 59.95) return span(Math.round(seconds));
  const digits = seconds < 10 ? 1 : 0;
  return `${seconds.toLocaleString(spoken.language, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${t.time.seconds(0).replace(/^0\s*/, '')}`;
}

/** How long ago `at` (unix seconds) is, in one unit. */
export function ago(at: number, now: number): string {
  const s = Math.max(0, Math.floor(now - at));
  if (s < 5) return t.time.now;
  if (s < 60) return t.time.ago(t.time.seconds(s));
  if (s < 3600) return t.time.ago(t.time.minutes(Math.floor(s / 60)));
  if (s < 86400) return t.time.ago(t.time.hours(Math.floor(s / 3600)));
  return t.time.ago(t.time.days(Math.floor(s / 86400)));
}

/** mm:ss, or h:mm:ss. */
export function counter(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  return `${hours ? `${hours}:` : ''}${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
}

const exactly: Record<string, Intl.DateTimeFormat> = {}; // kept: to make one takes longer than to draw a line

/** The exact local time of `at` (unix seconds). */
export function exact(at: number): string {
  const style = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  const format = (exactly[spoken.language] ??= new Intl.DateTimeFormat(spoken.language, style));
  return format.format(at * 1000);
}

/** hh:mm:ss of `at` (unix seconds), local, always 24 hours; made by hand because a log has many. */
export function timeOfDay(at: number): string {
  const date = new Date(at * 1000);
  const two = (n: number) => (n < 10 ? `0${n}` : String(n));
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function bytes(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} GB`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} MB`;
  return `${Math.max(0, Math.round(n / 1e3))} kB`;
}

/** The first 12 digits of a digest, as Docker shows them. */
export function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** The local day of `at` (unix seconds): today, yesterday, else its date. */
export function dayOf(at: number, now: number): string {
  const day = (seconds: number) => new Date(seconds * 1000).toDateString();
  if (day(at) === day(now)) return t.past.today;
  if (day(at) === day(now - 86400)) return t.past.yesterday;
  return new Date(at * 1000).toLocaleDateString(spoken.language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
}
