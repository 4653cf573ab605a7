"""`triosigno-db studio`: browse the data in a web browser."""

import logging
import secrets
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

import triosigno_db as db
from triosigno_db.cli.connection import Models, Url, connected, load_models
from triosigno_db.cli.tables import visible
from triosigno_db.database.lifecycle import current_database

ADDRESS = "127.0.0.1"
DEFAULT_PORT = 5555


def studio(
    *,
    url: Url = None,
    models: Models = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port on 127.0.0.1; 0 selects a free port.")
    ] = DEFAULT_PORT,
    write: Annotated[
        bool, typer.Option("--write", help="Allow rows to be created, changed and deleted.")
    ] = False,
) -> None:
    """Browse the data: list, filter, search, follow references. Read-only without --write.

    The server listens on 127.0.0.1 only. The printed address contains an access token.

    Example: triosigno-db studio --port 5556
    """
    try:
        # Imported here, so that the other commands run without the extra.
        from werkzeug.serving import make_server  # noqa: PLC0415 (an extra)

        from triosigno_db.studio import create_studio  # noqa: PLC0415 (an extra)
        from triosigno_db.studio.app import is_local  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as exc:
        raise db.TrioSignoDBError(
            "The studio needs an extra: run pip install 'triosigno-db[studio]'."
        ) from exc
    token = secrets.token_urlsafe(24)
    # The request log would contain the token.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    console = Console(highlight=False, soft_wrap=True)
    load_models(models)
    with connected(url):
        settings = current_database().settings
        app = create_studio(token, write=write)
        try:
            server = make_server(ADDRESS, port, app, threaded=True)
        except (OSError, SystemExit) as exc:
            why = f"is not available on {ADDRESS}: choose another port, or 0"
            raise db.InvalidInputError("port", why) from exc
        where = visible(f"{settings.database} on {settings.address}")
        mode = "rows can be changed." if write else "read-only."
        style = "green" if is_local(settings) else "bold red"
        console.print(Text(where, style=style) + f", {mode}")
        console.print(f"Open http://{ADDRESS}:{server.port}/?token={token}")
        with suppress(KeyboardInterrupt):  # before serve_forever() handles it
            console.print("Press Ctrl-C to stop.")
            server.serve_forever()
        server.server_close()
        console.print("Stopped.")
