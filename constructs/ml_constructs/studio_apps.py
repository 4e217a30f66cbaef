"""Which tools Studio shows, on which machines they run, and when they stop by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SHORTEST_IDLE_MIN = 60
"""Less is refused. Source: IdleTimeoutInMinutes of the SageMaker API."""
_NEVER = ("DetailedProfiler", "JupyterServer", "RStudioServerPro", "TensorBoard")
_JUPYTER_LAB = "JupyterLab"
_CODE_EDITOR = "CodeEditor"
_CANVAS = "Canvas"
_FOREIGN_TOOLS = (
    "AutoMl",
    "Comet",
    "DeepchecksLLMEvaluation",
    "EmrClusters",
    "Fiddler",
    "HyperPodClusters",
    "InferenceOptimization",
    "InferenceRecommender",
    "JumpStart",
    "LakeraGuard",
    "Projects",
)
"""What the platform does in another way, or not at all: no role of ours may use it."""
_DATA_WRANGLER = "DataWrangler"
_MAKERS_TOOLS = ("Endpoints", "Experiments", "FeatureStore", "Training")


@dataclass(frozen=True)
class StudioApps:
    """Say what may run in Studio; the first of ``instance_types`` is the default.

    JupyterLab is always there. ``volume_gib`` is the disk of a new space; its owner may enlarge
    it up to ``max_volume_gib``.
    """

    instance_types: Sequence[str]
    idle_timeout_min: int
    volume_gib: int
    max_volume_gib: int
    code_editor: bool = False
    canvas: bool = False

    @property
    def runtime(self) -> dict[str, Any]:
        """The settings of a notebook or an editor: its machine and its idle shutdown."""
        return {
            "defaultResourceSpec": {"instanceType": self.instance_types[0]},
            "appLifecycleManagement": {
                "idleSettings": {
                    "lifecycleManagement": "ENABLED",
                    "idleTimeoutInMinutes": self.idle_timeout_min,
                    # People may shorten it for a space of theirs, never lengthen it.
                    "minIdleTimeoutInMinutes": _SHORTEST_IDLE_MIN,
                    "maxIdleTimeoutInMinutes": self.idle_timeout_min,
                }
            },
        }

    @property
    def storage(self) -> dict[str, Any]:
        """The disk of a new space."""
        return {
            "defaultEbsStorageSettings": {
                "defaultEbsVolumeSizeInGb": self.volume_gib,
                "maximumEbsVolumeSizeInGb": self.max_volume_gib,
            }
        }

    def portal(self, *, is_maker: bool) -> dict[str, Any]:
        """What the portal shows: tools to make models with, or only what has been made."""
        shown = {
            _JUPYTER_LAB: is_maker,
            _CODE_EDITOR: is_maker and self.code_editor,
            _CANVAS: is_maker and self.canvas,
        }
        tools = [*_FOREIGN_TOOLS]
        if not shown[_CANVAS]:
            tools.append(_DATA_WRANGLER)
        if not is_maker:
            tools += _MAKERS_TOOLS
        return {
            "hiddenAppTypes": sorted(
                [*_NEVER, *(app for app, is_on in shown.items() if not is_on)]
            ),
            "hiddenMlTools": sorted(tools),
        }
