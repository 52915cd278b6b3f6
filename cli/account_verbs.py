"""The verbs of accounts: who may sign in to the review page, as what, and for which area."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json, Patrol

verbs = typer.Typer(
    no_args_is_help=True, help="Say who may sign in to the review page, as what and where."
)
tokens = typer.Typer(no_args_is_help=True, help="Let programs in, for somebody with an account.")
verbs.add_typer(tokens, name="token")

Name = Annotated[str, typer.Argument(help="Sign-in name, such as chen.jing")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role", help="inspector, command, operator, officer, administrator; repeatable."
    ),
]
Town = Annotated[str, typer.Option(help="Only cases of this town; else of the whole district.")]
Village = Annotated[str, typer.Option(help="Only cases of this village of the town.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Its first line is the password; - reads it from stdin."),
]


@verbs.command(
    epilog="Example: aerogrid account add patrol/ chen.jing --name 陈静 --role inspector"
)
def add(
    patrol: Patrol,
    name: Name,
    role: Roles,
    display_name: Annotated[
        str, typer.Option("--name", help="Signs decisions; the sign-in name if not given.")
    ] = "",
    town: Town = "",
    village: Village = "",
    password_file: PasswordFile = None,
) -> None:
    """Make an account; the password is asked for. The first one closes the page to others."""
    from cli import accounting

    account = accounting.account_of(name, display_name or name, role, town, village)
    raise typer.Exit(accounting.add(patrol, account, password_file))


@verbs.command("list", epilog="Example: aerogrid account list patrol/")
def list_accounts(patrol: Patrol, as_json: Json = False) -> None:
    """List all accounts."""
    from cli import accounting

    raise typer.Exit(accounting.list_accounts(patrol, as_json=as_json))


@verbs.command(epilog="Example: aerogrid account change patrol/ chen.jing --role command")
def change(patrol: Patrol, name: Name, role: Roles, town: Town = "", village: Village = "") -> None:
    """Give somebody other roles and another area, at once."""
    from cli import accounting

    raise typer.Exit(accounting.change(patrol, name, role, town, village))


@verbs.command(epilog="Example: aerogrid account password patrol/ chen.jing")
def password(patrol: Patrol, name: Name, password_file: PasswordFile = None) -> None:
    """Give somebody another password and end their sessions."""
    from cli import accounting

    raise typer.Exit(accounting.set_password(patrol, name, password_file))


@verbs.command(epilog="Example: aerogrid account deactivate patrol/ chen.jing")
def deactivate(patrol: Patrol, name: Name) -> None:
    """Let somebody in no more, at once; what they decided stays."""
    from cli import accounting

    raise typer.Exit(accounting.deactivate(patrol, name))


@verbs.command(epilog="Example: aerogrid account activate patrol/ chen.jing")
def activate(patrol: Patrol, name: Name) -> None:
    """Let somebody in again who was deactivated."""
    from cli import accounting

    raise typer.Exit(accounting.activate(patrol, name))


@verbs.command(epilog="Example: aerogrid account log patrol/")
def log(
    patrol: Patrol,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """List who tried to sign in, when, from where, and whether it was let in."""
    from cli import accounting

    raise typer.Exit(accounting.list_sign_ins(patrol, limit, as_json=as_json))


@tokens.command("add", epilog="Example: aerogrid account token add patrol/ map --label QGIS")
def add_token(
    patrol: Patrol,
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, decide; repeatable; read if not given.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it lives, at most 366.")] = 90,
) -> None:
    """Make a token; it is told once, on standard output."""
    from cli import accounting

    raise typer.Exit(accounting.add_token(patrol, name, label, scope or ["read"], days))


@tokens.command("list", epilog="Example: aerogrid account token list patrol/")
def list_tokens(patrol: Patrol, as_json: Json = False) -> None:
    """List all tokens by what they are for, without what lets anybody in."""
    from cli import accounting

    raise typer.Exit(accounting.list_tokens(patrol, as_json=as_json))


@tokens.command("revoke", epilog="Example: aerogrid account token revoke patrol/ 3f9a2c01")
def revoke_token(
    patrol: Patrol, token_id: Annotated[str, typer.Argument(help="As `token list` has it.")]
) -> None:
    """Take a token back for good."""
    from cli import accounting

    raise typer.Exit(accounting.revoke_token(patrol, token_id))
