// A live view of the camera.

export type Facing = "environment" | "user";

/** Return whether pages may show a live view: only those that are served securely. */
export function hasLiveView(): boolean {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

export class Camera {
  #stream: MediaStream | undefined;
  // Distinguishes a stream that has become available too late from the current one.
  #opening = 0;

  /**
   * Show a camera's live view; return false if it was closed or opened again meanwhile.
   *
   * The promise fails without permission or without a camera.
   */
  async open(video: HTMLVideoElement, facing: Facing): Promise<boolean> {
    this.close();
    const opening = this.#opening;
    const isCurrent = () => opening === this.#opening;
    try {
      const wanted = { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1920 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (!isCurrent()) {
        stop(stream);
        return false;
      }
      this.#stream = stream;
      video.srcObject = stream;
      // The phone may only have the other one.
      const { facingMode = facing } = stream.getVideoTracks()[0]?.getSettings() ?? {};
      video.classList.toggle("mirrored", facingMode === "user");
      await video.play();
    } catch (error) {
      if (isCurrent()) throw error;
    }
    return isCurrent();
  }

  close(): void {
    this.#opening++;
    stop(this.#stream);
    this.#stream = undefined;
  }
}

function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Return what a live view shows as a JPEG, not mirrored. */
export function takePicture(video: HTMLVideoElement): Promise<Blob | null> {
  // An element of the shop's named "createElement" would hide the method of the document.
  const canvas = Document.prototype.createElement.call(document, "canvas") as HTMLCanvasElement;
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}
