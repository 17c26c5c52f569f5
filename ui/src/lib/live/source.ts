/** One connection to Forge's stream: its frames, or once that it failed. Whoever opened it tries again. */
import type { Frame } from './frame.ts';

const SILENCE = 25_000; // milliseconds without a frame after which it is dead: Forge pings every 10 s
const LOOK = 5000; // milliseconds between looks at the clock

export interface Hearing {
  onFrame: (frame: Frame) => void;
  onFail: () => void;
}

export class Source {
  readonly #events: EventSource;
  readonly #watch: ReturnType<typeof setInterval>;
  #lastId = '';
  #heardAt = Date.now();

  constructor(address: string, Events: typeof EventSource, { onFrame, onFail }: Hearing) {
    const fail = () => {
      this.close();
      onFail();
    };
    this.#events = new Events(address);
    this.#events.onmessage = (event) => onFrame(this.#read(event));
    // Close on every error: the browser's own retry has a fixed delay, and gives up for good on a refusal.
    this.#events.onerror = fail;
    this.#watch = setInterval(() => Date.now() - this.#heardAt > SILENCE && fail(), LOOK);
  }

  close(): void {
    clearInterval(this.#watch);
    this.#events.onerror = this.#events.onmessage = null;
    this.#events.close();
  }

  #read(event: MessageEvent<string>): Frame {
    this.#heardAt = Date.now();
    const { type, topic, at, payload } = JSON.parse(event.data) as Omit<Frame, 'id'>;
    const id = event.lastEventId === this.#lastId ? '' : event.lastEventId; // the browser repeats the last one
    this.#lastId = event.lastEventId;
    return { type, topic, at, payload, id };
  }
}
