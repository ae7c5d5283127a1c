"""The mutations of each entity: what they take, and what they answer."""
