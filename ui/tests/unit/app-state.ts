/** In the place of $app/state. */
export const page = { url: new URL('http://localhost/'), params: {} as Record<string, string> };
