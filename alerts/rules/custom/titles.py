"""The headlines of a rule of the settings: made of its name, so that they are the same wherever it is listed."""


def custom_title(name: str) -> str:
    """With {cluster} and {subject}."""
    return f"{{cluster}}: {name.replace('_', ' ')}: {{subject}}"


def custom_resolved_title(name: str) -> str:
    return f"{{cluster}}: {name.replace('_', ' ')} is over: {{subject}}"
