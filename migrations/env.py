"""Alembic's way in: runs the migrations on the connection the store hands over, in its transaction."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

import provisioning.store.tables_decisions
import provisioning.store.tables_disputes
import provisioning.store.tables_nights
import provisioning.store.tables_witness  # noqa: F401 - its tables are the ledger's too
from provisioning.store.engine import make_engine, writing
from provisioning.store.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("the ledger's migrations need its database; run `seatline db upgrade`")

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # `alembic` itself, by somebody who writes a migration
    with writing(make_engine(os.environ.get("SEATLINE_DATABASE_URL", "sqlite:///seatline.db"))) as opened:
        run(opened)
