/** What the metrics screen shows, as its address says it. */
export interface View {
  window: '30m' | '2h' | '24h' | '7d';
  project: string | null;
  stage: string | null;
  instance: string | null;
  as: 'charts' | 'table';
}

const WINDOWS = ['30m', '2h', '24h', '7d'] as const;

/** What makes no sense is as if it were not there. */
export function viewOf(query: Pick<URLSearchParams, 'get'>): View {
  return {
    window: WINDOWS.find((one) => one === query.get('window')) ?? '30m',
    project: query.get('project'),
    stage: query.get('project') ? query.get('stage') : null,
    instance: query.get('instance'),
    as: query.get('as') === 'table' ? 'table' : 'charts',
  };
}

/** The address of a view; what is usual is left out. */
export function addressOf(view: View): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(view))
    if (value && value !== '30m' && value !== 'charts') query.set(name, value);
  return query.size ? `/metrics?${query}` : '/metrics';
}
