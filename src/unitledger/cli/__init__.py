"""The command line: the main job without a line of Python.

    demo       both seed stories in one portal and one journal
    run        scenario files, a line per expectation that is not met
    quote      prices in training units
    explain    which lots pay an amount, and why
    verify     an exported journal or a store: hashes, chains, conservation
    audit      a store: whether what is kept is what its journals fold to
    sweep      a store: expiry written down, wallet by wallet
    fire       a portal of a store: what is due, carried out
    export     a portal's journal as lines of JSON
    import     an exported journal into a store
    schedule   the next occurrences of a renewal or an assignment

Answers go to standard output, what went wrong to standard error as ``code: message``; with
``--json`` both are JSON. It ends with 0 when all is well, 1 when something was refused or is not
as expected, 2 when it was called in a way that makes no sense, 130 when it was interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from unitledger import __version__
from unitledger.cli.portals import PORTALS
from unitledger.cli.questions import QUESTIONS
from unitledger.cli.screen import (
    FAILED,
    INTERRUPTED,
    OK,
    USAGE,
    complain,
    message,
    show_what_can_be_shown,
)
from unitledger.cli.stories import STORIES
from unitledger.cli.upkeep import UPKEEP
from unitledger.cli.words import Parser, Usage
from unitledger.errors import UnitLedgerError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """What the command line answers, printed; the number it ends with.

    Args:
        argv: The words behind the program's name; ``None`` takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        show_what_can_be_shown(stream)
    words = sys.argv[1:] if argv is None else argv
    in_json = any(word.startswith("--js") and "--json".startswith(word) for word in words)
    try:
        return _answered(words, in_json=in_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted", "nothing more was done", in_json=in_json)
        return INTERRUPTED


def _answered(words: Sequence[str], *, in_json: bool) -> int:
    try:
        asked = _parser().parse_args(words)
        code: int = asked.answer(asked)
        sys.stdout.flush()
    except SystemExit:  # --help and --version
        return OK
    except Usage as error:
        if not in_json:
            print(error.usage, end="", file=sys.stderr)
        complain("usage", str(error), in_json=in_json)
        return USAGE
    except UnitLedgerError as error:
        complain(error.code, message(error), in_json=in_json)
        return FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        complain("not_readable", f"{error.filename}: {error.strerror}", in_json=in_json)
        return USAGE
    return code


def _parser() -> Parser:
    parser = Parser(prog="unitledger", description="Credits and training units, lot by lot.")
    parser.add_argument("--version", action="version", version=f"unitledger {__version__}")
    words = parser.add_subparsers(metavar="WORD", required=True)
    for one in (*STORIES, *QUESTIONS, *PORTALS, *UPKEEP):
        said = f"{one.help[:1].upper()}{one.help[1:]}."
        word = words.add_parser(one.name, help=one.help, description=said)
        word.set_defaults(answer=one.answer, parser=word)
        word.add_argument("--json", action="store_true", help="answer in JSON")
        for flags, options in one.arguments:
            word.add_argument(*flags.split(), **options)
    return parser
