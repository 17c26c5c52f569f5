/** Activity, sightings and receipts. */
export const past = {};
