"""The parts that every operation of S3 works with."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Deps
from onebox.services.s3.bodies import Bodies
from onebox.services.s3.destinations import LoadDestinations
from onebox.services.s3.events import Events
from onebox.services.s3.objects import Objects
from onebox.services.s3.store.buckets import BucketStore
from onebox.services.s3.store.contents import ContentStore
from onebox.services.s3.store.notifications import NotificationStore
from onebox.services.s3.store.uploads import UploadStore
from onebox.services.s3.store.versions import VersionStore


@dataclass(frozen=True, slots=True)
class S3Core:
    """The stores of the service; ``objects``, which keeps them consistent; ``events``, which notifies of changes."""

    deps: Deps
    buckets: BucketStore
    contents: ContentStore
    versions: VersionStore
    uploads: UploadStore
    objects: Objects
    bodies: Bodies
    notifications: NotificationStore
    events: Events
    load_destinations: LoadDestinations


def make_core(deps: Deps, load_destinations: LoadDestinations) -> S3Core:
    """The core on a database."""
    buckets, contents = BucketStore(deps.storage), ContentStore(deps.storage)
    versions, uploads = VersionStore(deps.storage), UploadStore(deps.storage)
    notifications = NotificationStore(deps.storage)
    objects = Objects(buckets=buckets, contents=contents, versions=versions, uploads=uploads, ids=deps.ids)
    return S3Core(
        deps=deps,
        buckets=buckets,
        contents=contents,
        versions=versions,
        uploads=uploads,
        objects=objects,
        bodies=Bodies(contents, deps.storage),
        notifications=notifications,
        events=Events(deps.storage, buckets, notifications, deps.clock),
        load_destinations=load_destinations,
    )
