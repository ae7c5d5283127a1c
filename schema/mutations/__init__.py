"""The mutations of each entity, with their inputs and payloads."""
