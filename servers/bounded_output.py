"""What a command prints, however much that is: its beginning and its end are kept, what is between them is counted."""

_HEAD, _TAIL = 500, 1500  # bytes


class BoundedOutput:
    """Takes output in pieces of any size."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = 0

    def add(self, piece: bytes) -> None:
        room = _HEAD - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        over = max(0, len(self._tail) - _TAIL)
        self._cut += over
        del self._tail[:over]

    @property
    def text(self) -> str:
        """What was kept, with a line that says so where something was cut."""
        if not self._cut:
            return (self._head + self._tail).decode("utf-8", "replace")
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        return f"{head}\n[{self._cut} bytes were cut here]\n{tail}"
