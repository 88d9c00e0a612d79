"""What the callers of AWS share: how long one call may take, why it failed, and whether it may be asked again.

boto3 blocks: call it in a thread.
"""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

# One call may take so long before it counts as lost; the deadline of the whole stands above it.
CALL = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
# The same for what must not be sent twice without a look in between: an answer may be lost though a change has landed.
CALL_ONCE = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1, "mode": "standard"})
CALL_SECONDS = 20.0  # more than the time-outs of its tries together


def reason_of(error: BotoCoreError | ClientError) -> str:
    """Why, in AWS's own words where it answered."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Message") or str(error)
    return str(error)


# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html: asked too often, or AWS's own trouble.
_TRY_AGAIN = frozenset(
    {
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "Unavailable",
    }
)


def may_pass(error: BotoCoreError | ClientError) -> bool:
    """Whether the same question may be answered a moment later: throttled, AWS's own trouble, no way to it, or half an
    answer."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response.get("Error", {}).get("Code") in _TRY_AGAIN or status >= 500
    return isinstance(error, HTTPClientError | NoConnection | IncompleteReadError)


def unanswered(error: BotoCoreError | ClientError) -> bool:
    """Whether what was asked may have been done all the same: no answer has come, or one that leaves it open."""
    if isinstance(error, ClientError):
        return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500)
    return isinstance(error, HTTPClientError)
