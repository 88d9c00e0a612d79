"""`understudy recover`: what was typed becomes the order, or one line says what does not fit the settings."""

from dataclasses import replace

import pytest

from bot.terminal.recover import CannotRecover, Recovery, order_words
from bot.terminal.recover_left import left_of
from commands.document import Document, write_document
from commands.plan import Loss, Plan
from commands.restoring.words import Way
from ledger.operations import Operation, OperationState
from servers.inventory import BackupPlace, BackupTool, OffsitePlace
from tests.commands.inventory import SHOP
from tests.ledger.values import ANNA, NOW

PLACE = BackupPlace(BackupTool.NATIVE, "/backups", "/wal", offsite=OffsitePlace("far-away", "night/"))
CLUSTERS = {"shop": replace(SHOP, backups=PLACE)}
DB1 = SHOP.servers[0].name


@pytest.mark.parametrize("store", ["s3://far-away/night/", "s3://far-away/night", "s3://far-away"])
def test_it_is_the_order_to_restore_from_the_store(store: str) -> None:
    words = order_words(CLUSTERS, Recovery(store, DB1, None, "yesterday 23:00"))
    assert words == ["restore", "shop", DB1, "--to", "yesterday", "23:00", "--from-store"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Recovery("s3://elsewhere/night/", DB1, None, "latest"), "the settings say s3://far-away/night/"),
        (Recovery("s3://far-away/day/", DB1, None, "latest"), "the settings say s3://far-away/night/"),
        (Recovery("/mnt/backups", DB1, None, "latest"), "is no store"),
        (Recovery("s3://far-away", "db9", None, "latest"), "no server db9"),
        (Recovery("s3://far-away", DB1, "shed", "latest"), "no cluster shed"),
    ],
)
def test_what_does_not_fit_the_settings_is_said(wanted: Recovery, why: str) -> None:
    with pytest.raises(CannotRecover, match=why):
        order_words(CLUSTERS, wanted)


def test_a_server_of_two_clusters_is_asked_for() -> None:
    both = {**CLUSTERS, "shed": replace(CLUSTERS["shop"], name="shed")}
    with pytest.raises(CannotRecover, match="--cluster"):
        order_words(both, Recovery("s3://far-away", DB1, None, "latest"))
    assert order_words(both, Recovery("s3://far-away", DB1, "shed", "latest"))[1] == "shed"


def left(state: OperationState, *, how: str = Way.FROM_STORE, target: str = DB1) -> Operation:
    plan = Plan(
        "restore",
        "shop",
        "",
        0,
        None,
        target,
        (),
        (),
        None,
        Loss(None, None, ""),
        facts=(("how", how),),
        consequence="",
    )
    document = write_document(Document("restore", target, None, plan))
    return Operation("7K3F", "restore", "shop", document, "0", ANNA, "", None, NOW, NOW, state)


def test_what_an_earlier_start_left_is_gone_on_with_and_nothing_is_begun_beside_it() -> None:
    def words(*operations: Operation, abandoned: tuple[str, ...] = ()) -> tuple[str, str] | None:
        found = left_of(operations, abandoned, DB1)
        return found.words if found else None

    assert words() is None
    assert words(left(OperationState.RUNNING), abandoned=("7K3F",)) == ("resume", "7K3F")
    assert words(left(OperationState.AWAITING_APPROVAL)) == ("watch", "7K3F")
    assert words(left(OperationState.RUNNING)) == ("watch", "7K3F")
    assert words(left(OperationState.RUNNING, target="db2"), abandoned=("7K3F",)) is None
    assert words(left(OperationState.RUNNING, how="in place"), abandoned=("7K3F",)) is None


def test_alone_it_is_under_break_glass() -> None:
    assert order_words(CLUSTERS, Recovery("s3://far-away", DB1, None, "latest", alone=True))[-1] == "--break-glass"
