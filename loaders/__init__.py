"""Batched data loaders: the only way in which resolvers and services read rows.

A `DataLoader` is one kind of read: it turns many keys into one SQL statement, and returns one value per key.
`DataLoaders` are the loaders of one operation. A set-wise resolver loads the keys of all its parents:

    await context.load(LeadByMention(), [mention.id for mention in mentions])

and an ordinary Strawberry resolver loads the key of its object, in the same batches:

    @strawberry.field
    async def lead_status(self, info: Info) -> str | None:
        lead = await info.context.dataloader(LeadByMention()).load(self.id)
        return None if lead is None else lead.status

Differences from `strawberry.dataloader.DataLoader` (docs/decisions/0018-dataloaders.md):

- A load takes many keys and costs one future, not one future per key.
- A loader is a value with arguments, such as the page of each parent: equal loaders share batches and values wherever
  they are created. A Strawberry loader is an object that resolvers must share, one for each combination of arguments.
- Each read takes the viewer's row scope, and each loader states the models whose permissions the viewer needs.
- All loaders of an operation read one snapshot on one connection. A mutation drops all loaded values.
- A cancelled load leaves the other loads of its batch running. Closing the operation stops running reads.
- A batch has at most `max_keys` keys. A further key starts another batch.
"""
