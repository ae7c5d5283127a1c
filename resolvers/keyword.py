from db.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Keyword, Lead, Mention, User
from resolvers.paging import Listing
from resolvers.relation import by_id, children, everything, parent

keyword = by_id(Keyword)
keywords = everything(Listing(Keyword, LATEST_ID_FIRST, counter="keywords_count"))
user = parent(User, "user_id")
mentions = children(Listing(Mention, NEWEST_FIRST, parent="keyword_id", counter="mentions_count"))
leads = children(Listing(Lead, NEWEST_FIRST, parent="keyword_id", counter="leads_count"))
