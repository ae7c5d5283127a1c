"""Deliveries of webhooks to receivers that fail, with the proof that none is lost, changed or out of order."""
