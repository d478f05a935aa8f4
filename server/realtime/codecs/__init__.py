"""The codecs: bytes of the wire to commands, replies and pushes to bytes. The session knows only `codec.Codec`."""
