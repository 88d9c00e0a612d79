"""Texts that arrived damaged."""

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, whole: str) -> str:
    """The text with a piece of it, up to the next three lines' worth, lost or replaced."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 60)))
    replacement = draw(st.text(max_size=40) | st.sampled_from(["@done", "-1", "9" * 40, "@end\n", "\n@peer 7 0 x\n"]))
    return whole[:start] + replacement + whole[end:]
