"""What a finished picture says of itself, and the copy of it that a browser makes."""

from __future__ import annotations

import subprocess

AI_COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
# Notes what the dialog gives to the clipboard, for `COPIED`.
NOTE_COPIES = """const {clipboard} = navigator, write = clipboard.write.bind(clipboard);
clipboard.write = items => { window.copied = items[0]; return write(items); };"""
# Returns the file that was given to the clipboard, as numbers. What can be read from there is
# another one: Chromium draws every picture anew.
COPIED = """async () => {
  const file = await window.copied.getType('image/png');
  return [...new Uint8Array(await file.arrayBuffer())];
}"""


def read_by_exiftool(data: bytes) -> list[str]:
    """Return the source type and the credit line, preceded by what exiftool warns of."""
    tags = ("-Warning", "-Error", "-DigitalSourceType", "-Credit")
    command = ["exiftool", "-validate", "-s3", *tags, "-"]
    return subprocess.run(command, input=data, capture_output=True).stdout.decode().splitlines()
