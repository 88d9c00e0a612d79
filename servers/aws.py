"""What the callers of AWS share: how long one call may take, and why it failed. boto3 blocks: call it in a thread."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# One call may take so long before it counts as lost; the deadline of the whole stands above it.
CALL = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
CALL_SECONDS = 20.0  # more than the time-outs of its tries together


def reason_of(error: BotoCoreError | ClientError) -> str:
    """Why, in AWS's own words where it answered."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Message") or str(error)
    return str(error)
