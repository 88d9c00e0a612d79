"""The steps of a restore drill that are its own; `commands.drilling.actions` has the code of the same names."""

from commands.plan import Step

MARK_TIMEOUT, PROVE_TIMEOUT, DROP_TIMEOUT, JOB_TIMEOUT = 30.0, 3600.0, 900.0, 24 * 3600.0


def mark(host: str) -> Step:
    does = "From here the clock measures the RTO; what is written by now, and is not in the archive, is the RPO."
    title, proof = "Note the time, and where the primary is", "the primary tells its position"
    return Step("mark_drill", host, title, does, proof, MARK_TIMEOUT)


def prove(host: str) -> Step:
    does = (
        "Counts rows of a sample of tables in every database and of those that have limits, checks a sample of indexes "
        "with amcheck where it is installed, dumps each schema, and asks for checksum failures and the heartbeat."
    )
    proof = "everything can be read, and no table is out of its limits"
    return Step("prove_restored", host, "Prove what came back", does, proof, PROVE_TIMEOUT)


def verify(host: str, backup: str) -> Step:
    does = "Reads every file of the backup, and compares it with its checksums."
    return Step("verify_backup", host, f"Verify {backup}", does, "no file is missing or differs", JOB_TIMEOUT)


def drop(host: str) -> Step:
    does = "Stops it, and removes the directory that this drill has made, and nothing else."
    return Step("drop_drilled", host, "Drop the restored instance", does, "the directory is gone", DROP_TIMEOUT)
