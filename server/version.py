"""The version, as told to clients and operators."""

VERSION = "0.1.0"
