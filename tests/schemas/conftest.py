"""How hard the properties of the shared language are tried: enough to find a slip, in seconds."""

from hypothesis import HealthCheck, settings

# No deadline: on a busy machine it would measure the neighbours.
settings.register_profile("schemas", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("schemas")
