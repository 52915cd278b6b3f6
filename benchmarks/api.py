"""Does the server answer as the description of its API says, whatever it is asked?

    PYTHONPATH=. python benchmarks/api.py [--examples 15]

Schemathesis (`pip install schemathesis`, which nothing else needs) makes requests of the
description, right and wrong ones, and sends them with the token of an administrator to a server
with 200 cases, one of which it is told of. Left out are `/api/events`, which never ends, and two
checks: that a method that a path does not have is answered with 405 (a POST that is not JSON is
refused before, 415, wherever it goes, so that no form of another site gets any further), and that
whatever fits the schema is taken (what nobody sees in a name is refused, and a decision has to name
a version here or there).
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from benchmarks.inspectors import PASSWORD, run_server
from benchmarks.registry import fill
from cases.accounts import Accounts
from cases.lifecycle import Role
from cases.people import Account, Scope
from cases.registry import Registry


def token_of_administrator(path: Path) -> str:
    """Make an account that may do everything, and a token of it."""
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    with Accounts.open(path, hasher=quick) as accounts:
        accounts.add(
            Account(name="admin", display_name="Admin", roles=(Role.ADMINISTRATOR,)), PASSWORD
        )
        return accounts.add_token(
            "admin", "schemathesis", tuple(Scope), life=timedelta(days=1), now=datetime.now(UTC)
        )


def what_is_there(path: Path) -> str:
    """Name to schemathesis what a request may ask for, so that it reaches more than a 404."""
    with Registry.open(path) as registry:
        [case] = registry.cases(limit=1)
    there = {"case_no": case.case_no, "cell": case.place.cell_code, "layer": "cells"}
    lines = [f'"path.{name}" = {json.dumps(known)}' for name, known in there.items()]
    return "\n".join(["[parameters]", *lines, ""])


def ask(program: str, address: str, token: str, examples: int, known: Path) -> int:
    """Send the requests; the exit status is 0 where every answer is as described."""
    command = [
        program, "--config-file", str(known), "run", f"{address}api/openapi.json",
        "--exclude-path", "/api/events",
        "--exclude-checks", "unsupported_method,positive_data_acceptance",
        "--max-examples", str(examples),
        "--header", f"Authorization: Bearer {token}",
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode


def main() -> int:
    """Serve, ask, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=15, help="Of each route and phase.")
    options = parser.parse_args()
    program = shutil.which("schemathesis", path=Path(sys.executable).parent)
    if program is None:
        sys.exit("schemathesis is not installed: pip install schemathesis")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.sqlite"
        fill(path, 200, seed=1)
        token = token_of_administrator(path)
        known = Path(folder) / "schemathesis.toml"
        known.write_text(what_is_there(path), encoding="utf-8")
        told, tell = multiprocessing.Pipe(duplex=False)
        server = multiprocessing.get_context("spawn").Process(target=run_server, args=(path, tell))
        server.start()
        try:
            return ask(program, told.recv(), token, options.examples, known)
        finally:
            os.kill(server.pid or 0, signal.SIGINT)
            server.join(30)


if __name__ == "__main__":
    sys.exit(main())
