/** Asking Forge: typed by its own description, refusals as one kind of error with a sentence for a person. */
import createClient from 'openapi-fetch';
import { t } from '#lib/i18n/words.svelte.ts';
import type { paths } from './schema.d.ts';

const PATIENCE = 30_000; // milliseconds
const PATIENCE_DELETING = 600_000; // what runs is stopped first, and may take its time
const AGAIN = 300; // milliseconds until a question that did not get through is asked once more

/** What Forge refused, or that it did not answer (status 0). `message` is a sentence, `fields` the inputs at fault. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string>;

  constructor(status: number, code: string, message: string, fields: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** A browser breaks off what is under way when the machine's network changes, as Docker does with each container. */
async function ask(request: Request): Promise<Response> {
  const patience = request.method === 'DELETE' ? PATIENCE_DELETING : PATIENCE;
  const once = () => fetch(request.clone(), { signal: AbortSignal.timeout(patience) });
  if (request.method !== 'GET') return once();
  try {
    return await once();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await new Promise((done) => setTimeout(done, AGAIN));
    return once();
  }
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  fetch: ask,
  // `status=a&status=b`, as Forge reads lists
  querySerializer: { array: { style: 'form', explode: true } },
});

let onSignedOut = () => {};

/** `listener` is called when an answer says that nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** The answer's body; raises Problem. */
export async function ok<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await call;
  } catch {
    throw new Problem(0, 'unreachable', t.errors.unreachable);
  }
  if (answer.response.ok) return answer.data as T;
  const problem = problemOf(answer.response.status, answer.error);
  if (problem.status === 401 && !isProofRefused(problem.code)) onSignedOut();
  throw problem;
}

/** A password or code that was asked for once more, and was not right: whoever is signed in stays so. */
const isProofRefused = (code: string) => code.startsWith('wrong_') || code === 'code_needed';

function problemOf(status: number, body: unknown): Problem {
  const said = body as { code?: string; detail?: string; fields?: Record<string, string> } | undefined;
  const sentence = said?.detail ?? t.errors.refused(status);
  return new Problem(status, said?.code ?? 'unknown', sentence, said?.fields);
}

/** What is wrong with each field; of a single one the whole sentence. */
export function faultsOf(problem: Problem): Record<string, string> {
  const names = Object.keys(problem.fields);
  return names.length === 1 ? { [names[0]!]: problem.message } : problem.fields;
}

/** Any error as a Problem, for showing it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, 'unexpected', error instanceof Error ? error.message : String(error));
}
