"""What official SDKs see of the protocol, over every transport and in both codecs."""
