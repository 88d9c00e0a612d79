"""What can go wrong in the practice world."""


class LabError(Exception):
    """Something that the practice world needs or was asked for is not there; the text says what to do next."""


class FaultNotAvailable(LabError):
    """This fault cannot be made here or now; the text says why."""
