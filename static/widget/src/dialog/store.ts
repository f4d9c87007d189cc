// The dialog's state: events change it, and subscribers hear of each event.

import { type DialogEvent, initialModel, type Model, reduce } from "./reducer";

type Subscriber = (event: DialogEvent, before: Model) => void;

export class Store {
  #model = initialModel();
  readonly #subscribers: Subscriber[] = [];

  get model(): Model {
    return this.#model;
  }

  dispatch(event: DialogEvent): void {
    const before = this.#model;
    this.#model = reduce(before, event);
    for (const notify of this.#subscribers) notify(event, before);
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.push(subscriber);
  }
}
