"""The settings: config.yaml, over it the files of `--configfile`, over them the values of `--config`.

Laid over each other by the package and not by Snakemake, which cannot take a method or a metric away again.
"""

given = dict(workflow.config_settings.config)
planned = given.pop("planned", None)

try:
    settings = load(["config.yaml", *workflow.config_settings.configfiles], given)
    plan = Plan(settings)
    plan.check_inputs(Path("results") / settings.experiment)
    plan.check_calls()
except UserError as error:
    raise WorkflowError(str(error)) from None

# A job on another machine reads the files again. It is told which settings it was planned with, so that an edit in the
# meantime is an error and not a result of other settings under the old name.
if planned is None:
    workflow.config_settings.config_args = [*(workflow.config_settings.config_args or []), f"planned={plan.digest}"]
elif planned != plan.digest:
    raise WorkflowError(
        "The configuration was changed after this job was planned; run snakemake again to plan with the new one."
    )
