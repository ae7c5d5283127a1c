"""The Redis or Valkey that processes share: its client for each form of address, and whether it is used now."""
