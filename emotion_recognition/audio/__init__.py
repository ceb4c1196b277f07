"""Sound: from PCM bytes of any kind to feature vectors at 16 kHz, streamed without seams."""
