"""Read replicas: which of them may answer an operation, and which of them work (docs/decisions/0058-read-replicas.md)."""

from services.replicas.replica import Replica
from services.replicas.replicas import ReplicaRead, Replicas, Wants

__all__ = ["Replica", "ReplicaRead", "Replicas", "Wants"]
