"""Transactions end, and soon."""

from alerts.dependencies import Layer
from alerts.probes.transactions import IDLE_IN_TRANSACTION, PREPARED_AGE, TRANSACTION_AGE
from alerts.rules.rule import Rule, above
from ledger.quantities import seconds_text

LONG_TRANSACTION = Rule(
    name="long_transaction",
    observes=(TRANSACTION_AGE,),
    title="{cluster}: a transaction on {subject} has been open for very long",
    resolved_title="{cluster}: no transaction on {subject} is open for very long any more",
    judge=above(TRANSACTION_AGE, lambda thresholds: thresholds.transaction_age, seconds_text),
    hold=lambda thresholds: 0.0,
    why="While it is open no row that it might see can be removed: tables grow, and queries get slower.",
    mend="Ask whoever runs it. SELECT pg_cancel_backend(pid) ends its query, pg_terminate_backend(pid) its connection.",
    about=Layer.INSIDE,
)

IDLE_TRANSACTION = Rule(
    name="idle_in_transaction",
    observes=(IDLE_IN_TRANSACTION,),
    title="{cluster}: a transaction on {subject} is open and does nothing",
    resolved_title="{cluster}: no transaction on {subject} lies idle any more",
    judge=above(IDLE_IN_TRANSACTION, lambda thresholds: thresholds.idle_in_transaction, seconds_text),
    hold=lambda thresholds: 0.0,
    why="It keeps its locks and holds VACUUM up, while its client waits for something else or is gone.",
    mend="End it with SELECT pg_terminate_backend(pid), and give the application's role an "
    "idle_in_transaction_session_timeout.",
    about=Layer.INSIDE,
)

PREPARED_TRANSACTION = Rule(
    name="prepared_transaction",
    observes=(PREPARED_AGE,),
    title="{cluster}: a prepared transaction on {subject} waits for its end",
    resolved_title="{cluster}: no prepared transaction on {subject} waits any more",
    judge=above(PREPARED_AGE, lambda thresholds: thresholds.prepared_transaction, seconds_text),
    hold=lambda thresholds: 0.0,
    why="It keeps its locks and holds VACUUM up over every restart, until somebody ends it.",
    mend="Ask the transaction manager that prepared it. Then COMMIT PREPARED or ROLLBACK PREPARED its name.",
    about=Layer.INSIDE,
)
