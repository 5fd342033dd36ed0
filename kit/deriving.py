"""What entities are found by, derived again for those that an earlier release has kept."""

from typing import Any

from kit.collection import Collection
from kit.mongo import UpdateOne
from kit.service import Service

AT_ONCE = 500


async def derive(service: Service) -> int:
    """
    Derive again what is kept beside each entity, as this release does; gives how many differed.

    The service may work meanwhile: what it changes is derived as it is changed. No version changes,
    nothing is told and nothing is taken away. Cut short, it is begun again: what is right already
    is only read.
    """
    await service.prepare()
    return sum([await _of(one) for one in service.collections if one.derives])


async def _of(collection: Collection[Any]) -> int:
    documents, differed, last = collection.documents, 0, ""
    while True:
        following = documents.find({"_id": {"$gt": last}}, batch_size=AT_ONCE + 1)
        rows = await following.sort("_id", 1).limit(AT_ONCE).to_list(None)
        if not rows:
            return differed
        given = [
            UpdateOne({"_id": one["_id"], "version": one["version"]}, {"$set": derived})
            for one in rows
            if (derived := collection.derivation(one))
        ]
        if given:
            await documents.bulk_write(given, ordered=False)
        differed, last = differed + len(given), rows[-1]["_id"]
