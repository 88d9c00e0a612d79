"""server_version_num as people read it."""


def version_text(number: int) -> str:
    """180001 → 18.1 (PostgreSQL 10 and later)."""
    return f"{number // 10_000}.{number % 10_000}"
