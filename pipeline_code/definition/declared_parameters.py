"""What an operator may change for one execution: the parameters of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.workflow.parameters import (
    Parameter,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)

from pipeline_code import contract
from pipeline_code.core.foreign_algorithms import foreign_algorithm, tunable_settings
from pipeline_code.core.usecase import UseCase
from pipeline_code.definition.lock import placeholder


def declared_parameters(usecase: UseCase) -> dict[str, Parameter]:
    """Declare the parameters by their names, with the use case's defaults."""
    declared: list[Parameter] = [
        ParameterString(contract.PARAMETER_IMAGE_URI, default_value=placeholder(contract.IMAGE)),
        ParameterString(
            contract.PARAMETER_INPUT_DATA_URI,
            default_value=f"s3://{placeholder(contract.BUCKET_RAW)}/{usecase.name}/",
        ),
        ParameterString(contract.PARAMETER_INPUT_DATA_VERSION, default_value="unversioned"),
        ParameterString(contract.PARAMETER_AS_OF, default_value=contract.UNKNOWN),
        ParameterString(contract.PARAMETER_CODE_COMMIT, default_value=contract.UNKNOWN),
        ParameterString(contract.PARAMETER_AUTHOR, default_value=contract.UNKNOWN),
        ParameterString(
            contract.PARAMETER_APPROVAL_STATUS,
            default_value=contract.PENDING,
            enum_values=[contract.PENDING, contract.REJECTED],
        ),
        ParameterString(
            contract.PARAMETER_PROCESSING_INSTANCE_TYPE,
            default_value=usecase.instances.processing,
        ),
        ParameterString(
            contract.PARAMETER_TRAINING_INSTANCE_TYPE, default_value=usecase.instances.training
        ),
    ]
    document = usecase.model_dump(mode="json")
    for path in (
        *contract.PREPARE_SETTINGS,
        *train_settings(usecase),
        *contract.EVALUATE_SETTINGS,
    ):
        section, _, key = path.partition(".")
        declared.append(_parameter(contract.parameter_name(path), document[section][key]))
    return {parameter.name: parameter for parameter in declared}


def train_settings(usecase: UseCase) -> tuple[str, ...]:
    """List the settings of training that one execution may change: not those that are tuned.

    Another image knows its own only; ``seed`` shuffles the rows that it is given.
    """
    if foreign_algorithm(usecase.training.algorithm):
        read = {*tunable_settings(usecase), "seed"}
        return tuple(path for path in contract.TRAIN_SETTINGS if path.partition(".")[2] in read)
    tuned = usecase.tuning.ranges if usecase.tuning else {}
    return tuple(path for path in contract.TRAIN_SETTINGS if path.partition(".")[2] not in tuned)


def _parameter(name: str, default: object) -> Parameter:
    kinds: Mapping[type, type[Parameter]] = {
        int: ParameterInteger,
        float: ParameterFloat,
        str: ParameterString,
    }
    return kinds[type(default)](name, default_value=default)


def as_text(parameter: Parameter) -> Parameter | PipelineVariable:
    """Pass a number as the string that arguments and hyperparameters must be."""
    return parameter if isinstance(parameter, ParameterString) else parameter.to_string()
