"""The mutation root: every field is a transaction of its own, run one after the other."""

import strawberry

from schema.mutations.analysis import AnalysisMutation
from schema.mutations.export import ExportMutation
from schema.mutations.ingest import IngestMutation
from schema.mutations.integration import IntegrationMutation
from schema.mutations.keyword import KeywordMutation
from schema.mutations.lead import LeadMutation
from schema.mutations.mention import MentionMutation


@strawberry.type(
    description="What can be written. Each field is atomic by itself; they run in the order of the document, and "
    "what a field or a later one reads has the write in it."
)
class Mutation(
    KeywordMutation,
    MentionMutation,
    IngestMutation,
    AnalysisMutation,
    LeadMutation,
    IntegrationMutation,
    ExportMutation,
):
    pass
