from db.keyset import NEWEST_FIRST
from db.models import AnalysisResult, Integration, Keyword, Lead, Mention, User
from resolvers.paging import Listing
from resolvers.relation import by_id, child, everything, parent

mention = by_id(Mention)
mentions = everything(Listing(Mention, NEWEST_FIRST, counter="mentions_count"))
user = parent(User, "user_id")
keyword = parent(Keyword, "keyword_id")
integration = parent(Integration, "integration_id")
lead = child(Lead, "mention_id")
analysis = child(AnalysisResult, "mention_id")
