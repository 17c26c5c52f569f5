/** First start, new project, adopting. */
export const start = {};
