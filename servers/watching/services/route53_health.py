"""Route 53's health checks, as Route 53 itself judges them from all over the world.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html. Needs
route53:GetHealthCheckStatus; credentials come from where boto3 finds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from servers.aws import CALL, reason_of
from servers.blocking import in_thread
from servers.watching.services.failures import unknown
from servers.watching.services.view import UP, Measure, Seen, Unit

# A check is healthy where more than this share of the checkers says so.
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
ENOUGH = 0.18


@dataclass(frozen=True, slots=True)
class Route53Health:
    """`checks` has the identifiers by the names that people know them by."""

    checks: Mapping[str, str]
    region: str | None = None
    endpoint_url: str | None = None
    kind: str = "route53"

    async def look(self, timeout: float) -> Seen:
        try:
            answers = await in_thread(partial(self._ask, timeout), timeout)
        except TimeoutError:
            raise unknown(f"Route 53: no answer within {timeout:g} s") from None
        except (BotoCoreError, ClientError) as error:
            raise unknown(f"Route 53: {reason_of(error)}") from None
        return Seen(measures=tuple(check_measure(name, answer) for name, answer in answers.items()))

    def _ask(self, timeout: float) -> dict[str, Sequence[Mapping[str, Any]]]:
        config = CALL.merge(Config(connect_timeout=timeout, read_timeout=timeout))
        client = boto3.client("route53", region_name=self.region, endpoint_url=self.endpoint_url, config=config)
        return {
            name: client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
            for name, check in self.checks.items()
        }


def check_measure(name: str, observations: Sequence[Mapping[str, Any]]) -> Measure:
    """Whether one check is healthy. Unknown while no checker has reported."""
    said = [str((one.get("StatusReport") or {}).get("Status") or "") for one in observations]
    said = [one for one in said if one]
    if not said:
        return Measure(UP, None, Unit.YES_OR_NO, name, ("Route 53's checkers have not reported yet",))
    well = [one for one in said if one.startswith("Success")]
    share = len(well) / len(said)
    line = f"{share:.0%} of Route 53's {len(said)} checkers reach it"
    wrong = sorted({one for one in said if not one.startswith("Success")})[:2]
    return Measure(UP, float(share > ENOUGH), Unit.YES_OR_NO, name, (line, *wrong))
