/** Processor, memory and network over time. */
export const metrics = {};
