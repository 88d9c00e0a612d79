"""Each server has a real SSH server: who may come in, and what a command finds there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from lab.postmaster import alive
from lab.ssh import MAXIMUM_SESSIONS
from lab.world import Lab

pytestmark = pytest.mark.lab


@asynccontextmanager
async def connect(
    lab: Lab, server: str = "db1", *, user: str = "postgres", key: Path | None = None, known_hosts: Path | None = None
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    host, port = lab.servers[server].bot_ssh
    async with asyncssh.connect(
        host,
        port,
        username=user,
        client_keys=[str(key or lab.key_file)],
        known_hosts=str(known_hosts or lab.known_hosts),
        config=[],
    ) as connection:
        yield connection


async def test_a_command_runs_in_its_servers_own_surroundings(shared_lab: Lab) -> None:
    for server in shared_lab.servers.values():
        async with connect(shared_lab, server.name) as connection:
            done = await connection.run("pwd; echo $PGPORT; id -un; pg_ctl status", check=True)
        home, port, account, *status = str(done.stdout).splitlines()
        assert home == str(server.paths.home)
        assert port == str(server.port)
        assert account == shared_lab.account.name
        assert status[0] == f"pg_ctl: server is running (PID: {server.postmaster_pid()})"


async def test_the_machine_answers_for_real(shared_lab: Lab) -> None:
    data = shared_lab.servers["db1"].data_directory
    async with connect(shared_lab) as connection:
        disk = str((await connection.run(f"df -P -k {data}", check=True)).stdout).splitlines()
        load = str((await connection.run("cat /proc/loadavg", check=True)).stdout).split()
    assert int(disk[1].split()[1]) > 0
    assert float(load[0]) >= 0


async def test_exit_status_output_errors_and_input_are_passed_through(shared_lab: Lab) -> None:
    async with connect(shared_lab) as connection:
        done = await connection.run("cat; echo complaint >&2; exit 3", input="what was sent")
        big = await connection.run("head -c 3000000 /dev/zero", encoding=None)
    assert (done.exit_status, done.stdout, done.stderr) == (3, "what was sent", "complaint\n")
    assert isinstance(big.stdout, bytes)
    assert len(big.stdout) == 3_000_000


async def test_what_is_sent_faster_than_the_command_reads_arrives_as_a_whole(
    shared_lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    sent = bytes(range(256)) * 4000
    async with connect(shared_lab) as connection:
        for _ in range(10):
            done = await connection.run("dd bs=4k 2>/dev/null | sha256sum", input=sent, encoding=None, timeout=20)
            assert done.stdout == f"{hashlib.sha256(sent).hexdigest()}  -\n".encode()
    # A pipe that asyncio thinks is still there takes the number of the next one, whose command is never heard.
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_a_signal_reaches_the_command(shared_lab: Lab) -> None:
    async with connect(shared_lab) as connection, connection.create_process("sleep 60") as process:
        process.send_signal("TERM")
        async with asyncio.timeout(5):
            done = await process.wait()
    assert done.exit_signal is not None
    assert done.exit_signal[0] == "TERM"


async def test_a_command_ends_with_its_connection_and_a_daemon_does_not(shared_lab: Lab, tmp_path: Path) -> None:
    async with connect(shared_lab) as connection:
        daemon = await connection.run("setsid sleep 60 > /dev/null 2>&1 < /dev/null & echo $!", check=True)
        process = await connection.create_process("echo $$; sleep 60 & wait")
        running = int((await process.stdout.readline()).strip())
        assert alive(running)
        connection.abort()
    await _until_dead(running)
    assert alive(int(str(daemon.stdout)))


async def test_who_waits_for_a_command_is_asyncio_alone(shared_lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else who takes its exit status leaves 255 to the one who waits, of whatever command."""
    for _ in range(8):
        async with connect(shared_lab) as connection:
            running = [await connection.create_process("echo $$; exec sleep 60") for _ in range(8)]
            pids = [int((await process.stdout.readline()).strip()) for process in running]
            connection.abort()
        for pid in pids:
            await _until_dead(pid)
    assert "Unknown child process" not in caplog.text


async def test_a_command_that_cannot_end_its_output_holds_the_channel_as_with_openssh(shared_lab: Lab) -> None:
    async with connect(shared_lab) as connection, connection.create_process("sleep 60 & echo started") as process:
        assert await process.stdout.readline() == "started\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await process.wait_closed()


async def test_a_wrong_key_is_turned_away(shared_lab: Lab, tmp_path: Path) -> None:
    stranger = tmp_path / "id_ed25519"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(stranger))
    with pytest.raises(asyncssh.PermissionDenied):
        async with connect(shared_lab, key=stranger):
            pass


async def test_another_user_is_turned_away(shared_lab: Lab) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        async with connect(shared_lab, user="root"):
            pass


async def test_a_server_that_is_not_the_known_one_is_found_out(shared_lab: Lab, tmp_path: Path) -> None:
    host, port = shared_lab.servers["db1"].bot_ssh
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{host}]:{port} {other}")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        async with connect(shared_lab, known_hosts=known_hosts):
            pass


async def test_passwords_and_terminals_are_not_on_offer(shared_lab: Lab) -> None:
    host, port = shared_lab.servers["db1"].bot_ssh
    with pytest.raises(asyncssh.PermissionDenied):
        async with asyncssh.connect(
            host, port, username="postgres", password="guess", client_keys=None, known_hosts=None, config=[]
        ):
            pass
    async with connect(shared_lab) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(term_type="xterm")


async def test_a_connection_holds_ten_sessions_and_no_more(shared_lab: Lab) -> None:
    async with connect(shared_lab) as connection:
        processes = [await connection.create_process("cat") for _ in range(MAXIMUM_SESSIONS)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("cat")
        processes[0].stdin.write_eof()
        await processes[0].wait()
        assert (await connection.run("echo room again", check=True)).stdout == "room again\n"


async def _until_dead(pid: int) -> None:
    async with asyncio.timeout(5):
        while alive(pid):
            await asyncio.sleep(0.01)
