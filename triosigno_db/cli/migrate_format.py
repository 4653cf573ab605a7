"""How `triosigno-db migrate` formats what it has found: as lines, and as JSON."""

from typing import Any

from rich.text import Text

from triosigno_db.cli.tables import visible, visible_lines
from triosigno_db.migrator import Drift, MigrationState, MigrationStatus

STYLES = {
    MigrationState.APPLIED: "green",
    MigrationState.PENDING: "yellow",
    MigrationState.PROVIDED: "green",
    MigrationState.FAILED: "bold red",
    MigrationState.ROLLED_BACK: "yellow",
    MigrationState.EDITED: "bold red",
    MigrationState.UNKNOWN: "cyan",
}


def format_status(status: MigrationStatus, width: int) -> Text:
    """Format the state of a migration as a line.

    Args:
        status: The state.
        width: The width of the longest name.

    Returns:
        The line, with what the server said if it failed.
    """
    line = Text(f"{status.state:<12}", style=STYLES[status.state]) + Text(
        f"{visible(status.name):<{width}}"
    )
    row = status.row
    if row is not None and status.state is MigrationState.ROLLED_BACK and row.rolled_back_at:
        line.append(f"  {row.rolled_back_at:%Y-%m-%d %H:%M:%S %Z}", style="dim")
    elif row is not None and row.finished_at:
        line.append(f"  {row.finished_at:%Y-%m-%d %H:%M:%S %Z}", style="dim")
    if status.recorded_name != status.name:
        line.append(f"  as {visible(status.recorded_name)}", style="dim")
    if row is not None and row.logs:
        line.append(f"\n{visible_lines(row.logs.strip())}", style="dim")
    line.rstrip()
    return line


def status_as_json(status: MigrationStatus) -> dict[str, Any]:
    """Convert the state of a migration for JSON.

    Args:
        status: The state.

    Returns:
        The values by name.
    """
    row = status.row
    return {
        "name": status.name,
        "state": status.state.value,
        "recordedName": row and row.name,
        "finishedAt": row and row.finished_at and row.finished_at.isoformat(),
        "rolledBackAt": row and row.rolled_back_at and row.rolled_back_at.isoformat(),
        "logs": row and row.logs,
    }


def drift_as_json(drift: Drift) -> dict[str, Any]:
    """Convert the differences of a database for JSON.

    Args:
        drift: The differences.

    Returns:
        The values by name.
    """
    return {
        "fromHistory": [each._asdict() for each in drift.from_history],
        "fromModels": [each._asdict() for each in drift.from_models],
        "sql": drift.sql,
    }
