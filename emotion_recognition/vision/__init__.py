"""Images: from any encoding to the tracked, aligned face of a frame."""
