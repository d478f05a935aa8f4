"""The WebSocket itself: frames, handshakes, limits and what a connection costs."""
