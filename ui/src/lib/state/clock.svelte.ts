/** One timer for every relative time and every running count on the page. */
class Clock {
  /** Unix seconds, told once a second. */
  now = $state(Date.now() / 1000);

  constructor() {
    if (typeof window !== 'undefined') setInterval(() => (this.now = Date.now() / 1000), 1000);
  }
}

export const clock = new Clock();
