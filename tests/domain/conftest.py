"""How the properties of this floor are tried: as long as it takes, and leaving nothing behind.

`make soak` tries fifty times as many examples.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "together",
    deadline=None,  # a machine that is busy with something else proves nothing
    database=None,
    max_examples=3000 if os.environ.get("TOGETHER_TEST_SOAK") else 60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("together")
