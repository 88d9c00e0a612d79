"""Clusters to try commands on, reached by nobody."""

from pathlib import Path

from servers.inventory import Cluster, FencePlace, Server, Service, ServiceKind, SshTarget


def server(
    name: str, *, slot: str | None = None, replication: str | None = "", fence: FencePlace | None = None
) -> Server:
    return Server(
        name=name,
        conninfo=f"host={name} password=very-secret-word",
        ssh=SshTarget(name, 22, "postgres", None, Path("known_hosts")),
        service=Service(ServiceKind.PG_CTL, f"/data/{name}"),
        replication=f"host={name}" if replication == "" else replication,
        slot=slot or name,
        fence=fence,
    )


def cluster(name: str, *servers: str) -> Cluster:
    return Cluster(name=name, channel="C0000OPS", servers=tuple(server(one) for one in servers))


SHOP = cluster("shop", "db1", "db2")
MANY = cluster("shop", "db1", "db2", "db3", "db4", "db5")
BOOKS = cluster("books", "db1", "db3")
