"""Everything of a small experiment, from clips to the report, by the shipped profile on a real Slurm."""

from itertools import pairwise

from tests.slurm.checkout import CONFIG, ClusterCheckout, Jobs, memory_mb, ran, rule_of
from tests.workflow.checkout import Answer

GPU_RULES = {"masks", "captions", "prompts", "latents", "train", "generate", "scores_shaking_hands", "controls"}
CPU_RULES = {"puppets", "clips", "summarise", "compare", "table", "learned_shaking_hands", "report"}


def test_everything_is_made_and_a_second_run_has_nothing_to_do(
    run: tuple[Answer, Jobs], checkout: ClusterCheckout
) -> None:
    assert (checkout.folder / "results/puppets/report/index.html").is_file()
    assert checkout.local.plan(*CONFIG).nothing_to_do
    answer, jobs = checkout.submitted()
    assert answer.nothing_to_do and not jobs


def test_each_rule_ran_in_its_partition_with_what_it_asked_for(run: tuple[Answer, Jobs]) -> None:
    _, jobs = run
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    on_gpu = [job for job in jobs if job["Partition"] == "gpu"]
    assert {rule_of(job) for job in on_gpu} == GPU_RULES
    assert {rule_of(job) for job in jobs if job["Partition"] == "cpu"} == CPU_RULES
    assert {job.get("TresPerJob") for job in on_gpu} == {"gres:gpu:1"}


def test_cheap_jobs_go_together_and_ask_for_what_one_of_them_needs(run: tuple[Answer, Jobs]) -> None:
    answer, jobs = run
    assert answer.jobs["evaluate"] == 9 and answer.jobs["export"] == answer.jobs["learned"] == 2
    (scores,) = [job for job in jobs if rule_of(job) == "scores_shaking_hands"]
    (learned,) = [job for job in jobs if rule_of(job) == "learned_shaking_hands"]
    assert (memory_mb(scores), scores["NumCPUs"]) == (32000, "8"), "as much as one"
    assert (memory_mb(learned), learned["NumCPUs"]) == (4000, "1")
    assert scores["TimeLimit"] == f"{9 * 20 // 60:02}:00:00", "as long as all"


def test_members_of_a_group_ran_one_after_another(run: tuple[Answer, Jobs], checkout: ClusterCheckout) -> None:
    """The group asks for one card and the memory of one, so no two of them may be at work.

    Of when they ran the logs' times tell and the seconds of the benchmarks: Snakemake touches all outputs in the end.
    """
    results = checkout.folder / "results/puppets"
    ran_at = []
    for log in (results / "logs/evaluate/shaking_hands").glob("*/*.log"):
        benchmark = results / "benchmarks" / log.relative_to(results / "logs").with_suffix(".tsv")
        seconds = float(benchmark.read_text(encoding="utf-8").splitlines()[1].split("\t")[0])
        ran_at.append((log.stat().st_mtime - seconds, log.stat().st_mtime))
    assert len(ran_at) == 9
    (job,) = [job for job in run[1] if rule_of(job) == "scores_shaking_hands"]
    first, last = ran(job)
    assert all(first <= begin and end <= last + 1 for begin, end in ran_at)
    assert all(earlier[1] <= later[0] + 1 for earlier, later in pairwise(sorted(ran_at)))


def test_no_two_jobs_had_the_only_card_at_once(run: tuple[Answer, Jobs]) -> None:
    on_gpu = sorted((job for job in run[1] if job["Partition"] == "gpu"), key=lambda job: ran(job))
    for earlier, later in pairwise(on_gpu):
        assert ran(earlier)[1] <= ran(later)[0], (earlier, later)
    first, second = [job for job in on_gpu if rule_of(job) == "train"]
    assert second["SubmitTime"] < first["EndTime"], "the second one waited for the card, not to be submitted"


def test_logs_are_where_the_pages_say(run: tuple[Answer, Jobs], checkout: ClusterCheckout) -> None:
    logs = checkout.folder / "results/puppets/logs"
    for name in (
        "puppets",
        "train/shaking_hands/dreamrelation",
        "evaluate/shaking_hands/base/motion",
        "masks/shaking_hands",
    ):
        assert (logs / f"{name}.log").is_file(), name
    assert not checkout.slurm_logs, "Slurm's own logs of jobs that ended well are removed"
