"""`import`: another gateway's configuration, made into a routing table. What becomes of it is `router.importing`'s."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["importing"]


@click.group("import")
def importing() -> None:
    """Make a routing table of another gateway's configuration."""


@importing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write (default: standard output).")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def litellm(file: Path, output: Path | None, force: bool) -> int:  # noqa: FBT001 - click passes flags so
    """Make a table of the audio entries of a LiteLLM proxy's FILE; what cannot be carried over is told."""
    from rich.console import Console  # noqa: PLC0415 - a command loads what it needs, and no more

    from router.importing.litellm import import_litellm  # noqa: PLC0415

    errors = Console(stderr=True)
    imported = import_litellm(_text_of(file), str(file))
    if output is None:
        click.echo(imported.text, nl=False)
    elif why := _written(output, imported.text, is_forced=force):
        errors.print(f"{output}: {why}", style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    for remark in imported.remarks:
        errors.print(str(remark), style="yellow", highlight=False, markup=False, soft_wrap=True)
    if output:
        done = f"{output}: {imported.routes} routes. `audio-router check --config {output}` tells which keys are set."
        errors.print(done, highlight=False, markup=False, soft_wrap=True)
    return 0


def _text_of(file: Path) -> str:
    """Raises `ConfigError`, naming the file, where it cannot be read."""
    from router.config import ConfigError, Problem  # noqa: PLC0415

    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem(str(file), 0, "", f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(file), 0, "", "not UTF-8 text")]) from error


def _written(output: Path, text: str, *, is_forced: bool) -> str | None:
    """Write the table; or why it could not be."""
    try:
        with output.open("w" if is_forced else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return "exists already; --force replaces it"
    except OSError as error:
        return f"cannot be written: {error.strerror or error}"
    return None
