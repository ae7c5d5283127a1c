"""The GraphQL schema: types, inputs and payloads, and the prepared operations."""

import schema.enums  # noqa: F401 - describes the enumerations before a type names one of them
