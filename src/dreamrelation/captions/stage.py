"""The captions stage: every text that training and generation will need → `captions.parquet`."""

from pathlib import Path

from dreamrelation import tables
from dreamrelation.backbones.interface import TextEncoder
from dreamrelation.backbones.opening import open_text_encoder
from dreamrelation.backbones.weights import text_fingerprint
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.experiment import ExperimentSettings

NO_CAPTION = ""
"""What a dropped caption and the unguided half of guidance are embedded from."""


def needed_texts(settings: ExperimentSettings, selection: list[dict]) -> list[str]:
    """Captions of the selected clips, the prompts, and the empty text; each once, sorted."""
    prompts = {
        RELATIONS[relation].caption(*subjects)
        for relation in settings.relations
        for subjects in settings.generation.subjects
    }
    return sorted({row["caption"] for row in selection} | prompts | {NO_CAPTION})


def caption_rows(texts: list[str], encoder: TextEncoder) -> list[dict]:
    """Rows of `tables.captions_schema`."""
    rows = []
    for text in texts:
        embedded = encoder.embed([text])
        rows.append(
            {
                "text": text,
                "embedding": embedded.embedding[0].numpy(),
                "attention_mask": embedded.attention_mask[0].numpy(),
            }
        )
    return rows


def run(settings: ExperimentSettings, selection: Path, captions: Path) -> None:
    """Embed every needed text and write `captions`."""
    chosen = tables.read(selection, tables.SELECTION).to_pylist()
    encoder = open_text_encoder(settings.model)
    rows = caption_rows(needed_texts(settings, chosen), encoder)
    tokens, features = rows[0]["embedding"].shape
    schema = tables.captions_schema(tokens, features)
    tables.write(captions, schema, rows, fingerprint=text_fingerprint(settings.model), rows_per_group=1)
