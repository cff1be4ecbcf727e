"""How the properties of this floor are tried: as long as it takes, and leaving nothing behind."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "together",
    deadline=None,  # a machine that is busy with something else proves nothing
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("together")
