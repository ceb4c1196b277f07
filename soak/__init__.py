"""``make soak``: hours of stream time through the real graph, with random faults."""
