// A live view of the camera.

export type Facing = "environment" | "user";

/** Return whether pages may show a live view: only those that are served securely. */
export function hasLiveView(): boolean {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

export class Camera {
  #stream: MediaStream | undefined;

  /** Show a camera's live view; the promise fails without permission or without a camera. */
  async open(video: HTMLVideoElement, facing: Facing): Promise<void> {
    this.close();
    const wanted = { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1920 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    video.srcObject = this.#stream;
    // The phone may only have the other one.
    const { facingMode = facing } = this.#stream.getVideoTracks()[0]?.getSettings() ?? {};
    video.classList.toggle("mirrored", facingMode === "user");
    await video.play();
  }

  close(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
  }
}

/** Return what a live view shows as a JPEG, not mirrored. */
export function takePicture(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}
