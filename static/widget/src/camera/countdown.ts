// Counts down to a picture.

export class Countdown {
  #timer = 0;

  get running(): boolean {
    return this.#timer > 0;
  }

  /** Call `onSecond` for each second that is left, and `onEnd` when none is. */
  start(seconds: number, onSecond: (left: number) => void, onEnd: () => void): void {
    this.stop();
    if (!seconds) {
      onEnd();
      return;
    }
    let left = seconds;
    onSecond(left);
    this.#timer = window.setInterval(() => {
      left--;
      if (left) {
        onSecond(left);
        return;
      }
      this.stop();
      onEnd();
    }, 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}
