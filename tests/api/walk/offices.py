"""Who sees what of the organization, and of lists: as `tests.api.walk.fields` says it."""

from __future__ import annotations

from tests.api.walk.kinds import HOLE, IN_MATCH, OFFICE, SIGNED_IN, Type

_MATCH = 'node(id: "<match>") { ... on Match { %s } }'
_SET_UP = "organizationIntegration { %s }"


def _pages(door: str, passes: str) -> Type:
    return Type(door % HOLE, passes, {"edges nodes pageInfo": "*"})


def _edges(door: str, passes: str) -> Type:
    return Type(door % f"edges {{ {HOLE} }}", passes, {"cursor node": "*"})


OFFICES: dict[str, Type] = {
    "Organization": Type(
        f"organization {{ {HOLE} }}",
        "chiara mira",
        {"id name slug members matches programs auditLog": "*"},
    ),
    "AuditLine": Type(
        f"organization {{ auditLog {{ nodes {{ {HOLE} }} }} }}",
        "chiara",
        {"at action words operator hash actor subject before after": "*"},
    ),
    "AuditSubject": Type(
        f"organization {{ auditLog {{ nodes {{ subject {{ {HOLE} }} }} }} }}",
        "chiara",
        {"kind id": "*", "text": "-"},
    ),
    "CalendarOffer": Type(
        f"calendarOffer {{ {HOLE} }}", "leo chiara mira", {"hidden limited providers": "*"}
    ),
    "OrganizationIntegration": Type(
        _SET_UP % HOLE,
        "leo chiara mira",
        {
            "state method limited domains missing next capabilities steps preview": "*",
            "sessionsInCalendars": "*",
            "provider since ownerEmail credentialName credentialId keyId": OFFICE,
            "verifiedAt verifiedMailbox reason": OFFICE,
        },
    ),
    "ActivationPreview": Type(
        _SET_UP % f"preview {{ {HOLE} }}", "leo chiara mira", {"gain keep lose": "*"}
    ),
    "SetUpStep": Type(
        _SET_UP % f"steps {{ {HOLE} }}", OFFICE, {"kind title words url values done": "*"}
    ),
    "CopiedValue": Type(_SET_UP % f"steps {{ values {{ {HOLE} }} }}", OFFICE, {"label text": "*"}),
    "OrganizationVideo": Type(
        f"organizationVideo {{ {HOLE} }}",
        "leo chiara mira",
        {"choice options": "*", "credentialName provider reason since": OFFICE},
    ),
    "OrganizationVideoOption": Type(
        f"organizationVideo {{ options {{ {HOLE} }} }}",
        "leo chiara mira",
        {"provider handoverTitle handoverWords": "*"},
    ),
    "IntegrationStatus": Type(
        f"integrationStatus {{ {HOLE} }}", "kemi jo leo chiara mira", {"members totals": "*"}
    ),
    "MemberIntegration": Type(
        f"integrationStatus {{ members {{ nodes {{ {HOLE} }} }} }}",
        "kemi leo chiara mira",
        {
            "memberId name email source state standing reason": "*",
            "provider lastSuccessfulSync": "kemi leo chiara",
        },
    ),
    "IntegrationTotals": Type(
        f"integrationStatus {{ totals {{ {HOLE} }} }}",
        "kemi jo leo chiara mira",
        {"members integrated unreadableNow notIntegrated each": "*"},
    ),
    "IntegrationTotal": Type(
        f"integrationStatus {{ totals {{ each {{ {HOLE} }} }} }}",
        "kemi leo chiara mira",
        {"count source state standing": "*", "provider": "kemi leo chiara"},
    ),
    "MemberIntegrationConnection": _pages(
        "integrationStatus { members { %s } }", "kemi jo leo chiara mira"
    ),
    "MemberIntegrationEdge": _edges("integrationStatus { members { %s } }", "kemi leo chiara mira"),
    "MatchConnection": _pages("viewer { matches { %s } }", SIGNED_IN),
    "MatchEdge": _edges("viewer { matches { %s } }", "ada ben mira nils"),
    "ProgramConnection": _pages("viewer { programs { %s } }", SIGNED_IN),
    "ProgramEdge": _edges("viewer { programs { %s } }", "kemi jo"),
    "MemberConnection": _pages("organization { members { %s } }", "chiara mira"),
    "MemberEdge": _edges("organization { members { %s } }", "chiara mira"),
    "AuditLineConnection": _pages("organization { auditLog { %s } }", "chiara mira"),
    "AuditLineEdge": _edges("organization { auditLog { %s } }", "chiara"),
    "BookingConnection": _pages(_MATCH % "bookings { %s }", IN_MATCH),
    "BookingEdge": _edges(_MATCH % "bookings { %s }", IN_MATCH),
    "PageInfo": Type(
        f"viewer {{ matches {{ pageInfo {{ {HOLE} }} }} }}",
        SIGNED_IN,
        {"hasNextPage hasPreviousPage": "*", "startCursor endCursor": "ada ben mira nils"},
    ),
}
