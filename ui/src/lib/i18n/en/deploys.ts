/** The list of deploys. */
export const deploys = {};
