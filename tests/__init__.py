"""Tests; a package, or one of that name among the installed ones would be imported."""
