"""`understudy lab …`: the practice world, where it is installed. The only place that imports it."""

import typer


def add_lab(app: typer.Typer) -> None:
    """Mount the lab's commands. In production the lab's own libraries are not installed, and neither are they."""
    try:
        from lab.cli import app as lab_app
    except ImportError:
        return
    app.add_typer(lab_app, name="lab")
