"""All further operations. `make bench ARGS="--only floor breadth further"` measures them."""

from bench.further.reads import READS
from bench.further.writes import WRITES

FURTHER = (*READS, *WRITES)
