"""The mutation root. Each field runs in its own transaction, one after the other."""

import strawberry

from schema.mutations.analysis import AnalysisMutation
from schema.mutations.export import ExportMutation
from schema.mutations.ingest import IngestMutation
from schema.mutations.integration import IntegrationMutation
from schema.mutations.keyword import KeywordMutation
from schema.mutations.lead import LeadMutation
from schema.mutations.mention import MentionMutation


@strawberry.type(
    description="The mutation root. Each field is atomic. Fields run in the order of the document, and each payload "
    "reflects the writes of its own and all earlier fields."
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
