"""Errors that the command line shows as one line, without a traceback."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot do what it was asked; the message says what, where and what to do."""

    exit_code = 2


class NotFoundError(CommandError, LookupError):
    """Something that was named does not exist."""


class ToolError(CommandError, RuntimeError):
    """A program that a command runs has failed."""

    exit_code = 1
