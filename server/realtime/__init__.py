"""The realtime face: sessions that speak the Centrifuge client protocol (docs/realtime.md)."""
