"""How the practice servers' Patroni is spoken to: plainly, or over TLS with a password.

https://patroni.readthedocs.io/en/latest/yaml_configuration.html#rest-api
"""

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.accounts import Account
from lab.certificates import make_certificates
from lab.server import LabServer

USER = "understudy"

_ABOVE = 20_000  # PostgreSQL's port on the server's own address; below the ports that the kernel hands out


@dataclass(frozen=True, slots=True)
class Rest:
    """Without `directory`, where the certificates lie, it is spoken to plainly and without a password."""

    directory: Path | None
    password: str

    @property
    def authority(self) -> Path | None:
        """Who vouches for the members' certificate."""
        return self.directory / "ca.pem" if self.directory else None

    def prepare(self, account: Account, servers: Sequence[LabServer]) -> None:
        """Makes the certificates, for the account that runs Patroni."""
        if self.directory is not None:
            account.directory(self.directory)
            for file in make_certificates(self.directory, tuple(server.address for server in servers)):
                file.chmod(0o600)
                account.own(file)

    def url(self, server: LabServer) -> str:
        """Where a server's Patroni answers."""
        return f"http{'s' if self.directory else ''}://{_address(server)}"

    def section(self, server: LabServer) -> dict[str, Any]:
        """A member's `restapi`. Who changes something gives the password; who only looks does not."""
        places = {"listen": _address(server), "connect_address": _address(server)}
        if self.directory is None:
            return places
        return {
            **places,
            "certfile": str(self.directory / "server.pem"),
            "keyfile": str(self.directory / "server.key"),
            "cafile": str(self.authority),
            "authentication": {"username": USER, "password": self.password},
        }

    def context(self) -> ssl.SSLContext | bool:
        """For whoever asks; True where there is nothing to be told."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else True

    def settings(self, cluster: str, servers: Sequence[LabServer]) -> str:
        """The section of the bot's settings file."""
        members = ", ".join(f'{server.name} = "{self.url(server)}"' for server in servers)
        lines = [f"\n[clusters.{cluster}.patroni]", f"members = {{ {members} }}"]
        if self.authority is not None:
            lines += [
                f"ca_file = {json.dumps(str(self.authority))}",
                f'user = "{USER}"',
                f'password = "{self.password}"',
            ]
        return "\n".join((*lines, ""))


def rest_of(world: Path, passwords: dict[str, str], *, tls: bool) -> Rest:
    """That of the world in that directory."""
    return Rest(world / "patroni" if tls else None, passwords["understudy"])


def _address(server: LabServer) -> str:
    return f"{server.address}:{server.port + _ABOVE}"
