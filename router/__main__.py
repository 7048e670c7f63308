"""The command line: arguments in, an exit status out. 0 done, 1 could not, 2 wrongly asked.

What lives here: parsing alone. Settings are read from the environment here and nowhere else, for the table's `${…}`
too; child programs are handed a few variables of it by `upstream.child`.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from router.commands.importing import importing
from router.config import ConfigError, Loaded
from router.wire.render import Rendering, ResponseFormat

if TYPE_CHECKING:
    from router.upstream.proxies import Proxy

__all__ = ["main"]

_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The routing table (default: ./routes.yaml, else the shipped one).",
)


def _loaded(config: Path | None) -> Loaded:
    from router.commands.table import read_table

    return read_table(config, os.environ)


def _proxy() -> Proxy | None:
    """The way out that the environment names. Raises `ClickException` for one that cannot be used."""
    from router.upstream.proxies import UnusableProxy, proxy_of

    try:
        return proxy_of(os.environ)
    except UnusableProxy as error:
        raise click.ClickException(str(error)) from error


def _output() -> Console:
    """Without emoji: a name of the table may have colons, and their names are 1.4 MiB."""
    return Console(emoji=False)


def _messages() -> Console:
    return Console(stderr=True, emoji=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="audio-router")
def cli() -> None:
    """An OpenAI-compatible router for audio: any vendor behind the base_url you already use."""


@cli.command()
@_config
@click.option("--host", help="Address to bind (default: the table's, 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to bind (default: the table's, 8080; 0: any free).")
@click.option("--insecure", "is_insecure", is_flag=True, help="Let other machines in although no key is set.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes on that port (default: the table's, 1). Limits, rests and the cache are each one's own.",
)
def serve(config: Path | None, host: str | None, port: int | None, is_insecure: bool, workers: int | None) -> int:
    """Serve until stopped."""
    gc.disable()  # what a start makes stays; the command turns it on again for serving
    try:
        from router.commands.serve import serve as run

        told = _output(), _messages()
        _proxy()  # which says what is wrong with it; the command reads it, as all else, of the environment it is given
        return run(_loaded(config), host, port, os.environ, *told, is_insecure=is_insecure, workers=workers)
    finally:
        gc.enable()


@cli.command()
@_config
@click.option("--strict", "is_strict", is_flag=True, help="Fail for warnings, too.")
def check(config: Path | None, is_strict: bool) -> int:
    """Check the routing table: every problem in one run, with its line; and what it says in vain."""
    from router.commands.table import check as run

    return run(_loaded(config), _output(), is_strict=is_strict)


@cli.command()
@_config
def models(config: Path | None) -> int:
    """List what can be asked for as `model`."""
    from router.commands.listing import models as run

    return run(_loaded(config), _output())


@cli.command()
@_config
def voices(config: Path | None) -> int:
    """List the voice names and what they become at each vendor."""
    from router.commands.listing import voices as run

    return run(_loaded(config), _output())


@cli.command()
@click.argument("name", default="default")
def key(name: str) -> int:
    """Make a key for a client, NAME in the table; print it once, and the lines of the table that let it in."""
    from router.commands.keys import make_key

    if not name:
        raise click.BadParameter("a key needs a name that is not empty", param_hint="NAME")
    return make_key(name, _output())


@cli.command()
def schema() -> int:
    """Print the JSON Schema of routes.yaml, for editors."""
    from router.commands.table import print_schema

    return print_schema(_output())


@cli.command()
@click.argument("model")
@click.argument("text", default="Hello from your audio router.")
@click.option(
    "--kind",
    type=click.Choice(["speech", "transcription", "translation", "sound", "music"]),
    help="Default: by --file, and by what MODEL makes.",
)
@click.option("--duration", type=float, help="Seconds, of sound effects and music.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What is to be heard.")
@click.option("--voice", default="alloy", show_default=True)
@click.option("--format", "response_format", help="As the API's response_format.")
@click.option("--language", help="ISO 639-1, such as en.")
@click.option("--json", "as_json", is_flag=True, help="As POST /v1/routes/explain answers.")
@_config
def explain(
    text: str,
    kind: str | None,
    file: Path | None,
    voice: str,
    as_json: bool,
    config: Path | None,
    **asked: str | float | None,
) -> int:
    """Tell who would answer for MODEL, in which order, at what cost, and why the others would not; call nobody."""
    from router.commands.explaining import explain_call, kind_of

    loaded = _loaded(config)
    kind = kind or ("transcription" if file else kind_of(loaded, str(asked["model"])))
    of_voice = {"voice": voice} if kind == "speech" else {}
    of_text = {"input": text, **of_voice} if kind in ("speech", "sound", "music") else {}
    fields = {"kind": kind, **{name: value for name, value in asked.items() if value is not None}, **of_text}
    return explain_call(loaded, fields, file, _output(), _messages(), as_json=as_json)


@cli.command()
@click.argument("text")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File; its ending is the format.")
@click.option("--model", default="tts-1", show_default=True)
@click.option("--voice", default="alloy", show_default=True)
@_config
def speak(text: str, output: Path, model: str, voice: str, config: Path | None) -> int:
    """Say TEXT into a file; TEXT of - reads standard input. No server is needed."""
    from router.commands.calls import speak as run

    spoken = sys.stdin.read() if text == "-" else text
    table, proxy = _loaded(config), _proxy()
    return run(table, _messages(), text=spoken, output=output, model=model, voice=voice, proxy=proxy)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", default="whisper-1", show_default=True)
@click.option("--language", help="ISO 639-1, such as en.")
@click.option(
    "--format",
    "response_format",
    type=click.Choice(["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]),
    default="text",
    show_default=True,
)
@click.option("--translate", is_flag=True, help="Into English.")
@_config
def transcribe(
    file: Path, model: str, language: str | None, response_format: ResponseFormat, translate: bool, config: Path | None
) -> int:
    """Write down what is said in FILE. No server is needed."""
    from router.commands.calls import transcribe as run

    rendering = Rendering(format=response_format, task="translate" if translate else "transcribe")
    table, proxy = _loaded(config), _proxy()
    return run(table, _messages(), file=file, model=model, language=language, rendering=rendering, proxy=proxy)


cli.add_command(importing)


def main() -> None:
    """Run a command; a table with problems prints them all."""
    try:
        status = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = 130
    except ConfigError as error:
        _messages().print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
