"""The tally of a study, put together."""

from dreamrelation.errors import UserError
from dreamrelation.study.folder import Study
from dreamrelation.study.questions import WHICH_SHOW, Question
from dreamrelation.study.tally.agreement import agreement
from dreamrelation.study.tally.ballots import Ballots, ballots_of, resampled
from dreamrelation.study.tally.metrics import MetricValues, judge_calibration, metric_agreement
from dreamrelation.study.tally.positions import positions
from dreamrelation.study.tally.raters import rater_tallies
from dreamrelation.study.tally.shares import estimate, majorities, vote_shares
from dreamrelation.study.tally.strengths import strengths
from dreamrelation.study.votes import Vote
from dreamrelation.tables.tally import JudgeCalibration, MethodTally, MetricAgreement, QuestionTally, Tally


def tally_of(study: Study, votes: list[Vote], metrics: list[MetricValues]) -> Tally:
    """Sum up the votes of the raters who passed enough checks. Raises UserError where there is no such vote."""
    confidence, samples = study.intervals.confidence, study.intervals.bootstrap_samples
    raters = rater_tallies(study, votes)
    counted = {rater.rater for rater in raters if rater.counted}
    kept = [vote for vote in votes if vote.rater in counted]
    ballots = {q.name: ballots_of(kept, q.name, len(study.methods)) for q in study.questions if q.single}
    if not all(found.groups for found in ballots.values()):
        raise UserError(
            f"{study.votes}: found no vote that counts, of {len(raters)} raters who have voted and"
            f" {len(raters) - len(counted)} who failed too many checks"
        )
    questions = [question for question in study.questions if question.single]
    return Tally(
        experiment=study.experiment,
        confidence=confidence,
        samples=samples,
        groups=len(study.main_groups),
        raters=tuple(raters),
        questions=tuple(_question(study, kept, ballots[q.name], q, confidence, samples) for q in questions),
        metrics=tuple(_metrics(study, metrics, questions, ballots, confidence, samples)),
        judges=tuple(_judges(study, kept, metrics, confidence)),
    )


def _question(
    study: Study, votes: list[Vote], ballots: Ballots, question: Question, confidence: float, samples: int
) -> QuestionTally:
    draws = resampled(len(ballots.groups), samples, study.seed)
    shares, won = vote_shares(ballots), majorities(ballots)
    strong = strengths(ballots, draws, confidence)
    return QuestionTally(
        name=question.name,
        label=question.label,
        groups=len(ballots.groups),
        votes=int(ballots.counts.sum()),
        ties=int(ballots.counts[:, -1].sum()),
        methods=tuple(
            MethodTally(
                method=method,
                votes=estimate(shares[:, place], draws, confidence),
                majority=estimate(won[:, place], draws, confidence),
                strength=strong[place],
            )
            for place, method in enumerate(study.methods)
        ),
        agreement=agreement(ballots),
        positions=positions(votes, question.name, len(study.methods)),
    )


def _metrics(
    study: Study,
    metrics: list[MetricValues],
    questions: list[Question],
    ballots: dict[str, Ballots],
    confidence: float,
    samples: int,
) -> list[MetricAgreement]:
    found = [
        metric_agreement(metric, question, ballots[question.name], samples, study.seed, confidence)
        for metric in metrics
        for question in questions
    ]
    return [one for one in found if one is not None]


def _judges(study: Study, votes: list[Vote], metrics: list[MetricValues], confidence: float) -> list[JudgeCalibration]:
    if not study.settings.which_show:
        return []
    judges = [metric for metric in metrics if metric.is_share and metric.higher_is_better]
    return [judge_calibration(metric, votes, WHICH_SHOW.name, confidence) for metric in judges]
