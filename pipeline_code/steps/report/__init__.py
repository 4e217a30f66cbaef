"""The report: an evaluation as one page for the person who approves the model."""

from pipeline_code.steps.report.page import render_report

__all__ = ["render_report"]
