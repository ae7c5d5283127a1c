from db.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Integration, IntegrationLog, Mention, User
from resolvers.paging import Listing
from resolvers.relation import by_id, children, everything, parent

integration = by_id(Integration)
integrations = everything(Listing(Integration, LATEST_ID_FIRST))
user = parent(User, "user_id")
mentions = children(Listing(Mention, NEWEST_FIRST, parent="integration_id"))
logs = children(Listing(IntegrationLog, NEWEST_FIRST, parent="integration_id"))
integration_of_log = parent(Integration, "integration_id")
