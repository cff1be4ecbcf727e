"""Video links that are no part of a calendar's event: an organization's service, and meetings."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.store.models.ids import new_uid
from together.store.models.states import VideoChoice


class OrganizationVideo(Model):
    """How an organization's sessions get their links.  Without a row, with a calendar's events."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField(
        "together.Organization", related_name=False, unique=True
    )
    organization_id: int
    choice = fields.CharEnumField(VideoChoice, max_length=20, default=VideoChoice.CALENDAR)
    provider = fields.CharField(max_length=40, null=True)
    distribution = fields.CharField(max_length=200, null=True)
    """The package that read the credential: another one with the same slug gets nothing of it."""
    credential = fields.TextField(null=True)
    """Sealed."""
    credential_id = fields.CharField(max_length=255, null=True)
    credential_name = fields.CharField(max_length=320, null=True)
    reason = fields.CharField(max_length=40, null=True)
    """Why it makes no meetings until an administrator acts: the name of the `ProviderError`."""
    since = fields.BigIntField(default=0)
    """Epoch seconds at which it was chosen, or `reason` became what it is."""
    generation = fields.IntField(default=0)
    """Raised by every choice, so that no token of an older one is used."""

    class Meta:
        table = "organization_video"


class VideoMeeting(Model):
    """The meeting of a session at a video service, which is neither's calendar."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False, unique=True)
    booking_id: int
    provider = fields.CharField(max_length=40)
    distribution = fields.CharField(max_length=200)
    meeting_id = fields.CharField(max_length=1024, null=True)
    """The service's id; null until it was made."""
    starts = fields.BigIntField(null=True)
    ends = fields.BigIntField(null=True)
    """For when it was made, or moved to last."""

    class Meta:
        table = "video_meeting"


class LeftVideo(Model):
    """A video service that was left, as long as meetings are to be taken away there."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    provider = fields.CharField(max_length=40)
    distribution = fields.CharField(max_length=200)
    credential = fields.TextField(null=True)
    """Sealed to this row; it goes with the last meeting."""
    credential_id = fields.CharField(max_length=255, null=True)

    class Meta:
        table = "left_video"


class LeftMeeting(Model):
    """A session's meeting at such a service."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    left: Any = fields.ForeignKeyField("together.LeftVideo", related_name=False)
    left_id: int
    meeting_id = fields.CharField(max_length=1024, null=True)
    """Null where it may have been made, and was not noted."""

    class Meta:
        table = "left_meeting"
        unique_together = (("booking", "left"),)
