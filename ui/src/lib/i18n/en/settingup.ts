/** Setting up a project and its stages. */
export const settingup = {};
