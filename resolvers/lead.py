from db.keyset import NEWEST_FIRST
from db.models import Keyword, Lead, Mention, User
from resolvers.paging import Listing
from resolvers.relation import by_id, everything, parent

lead = by_id(Lead)
leads = everything(Listing(Lead, NEWEST_FIRST, counter="leads_count"))
user = parent(User, "user_id")
mention = parent(Mention, "mention_id", shared=False)
keyword = parent(Keyword, "keyword_id")
assignee = parent(User, "assignee_user_id")
