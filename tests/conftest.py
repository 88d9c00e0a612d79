"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A machine with other work to do is slow now and then: that is no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
