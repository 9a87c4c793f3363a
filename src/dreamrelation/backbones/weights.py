"""Which weights a model folder or hub id stands for, and where they run."""

import hashlib
from pathlib import Path

import torch

from dreamrelation.settings.model import ModelSettings

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def choose_device(wanted: str) -> torch.device:
    """The device of a setting; "auto" is the GPU if there is one.

    Raises RuntimeError where CUDA is asked for in vain.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("model.device is cuda, but torch finds no CUDA device; set it to auto or cpu")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def check_folder(settings: ModelSettings) -> None:
    """Raise FileNotFoundError where the path looks local and holds no model in diffusers' layout.

    `owner/name` without such a folder is taken for a hub id.
    """
    path = Path(settings.path)
    looks_local = path.is_absolute() or path.exists() or settings.path.startswith(".") or settings.path.count("/") != 1
    if looks_local and not (path / "model_index.json").is_file():
        raise FileNotFoundError(
            f"model.path {settings.path!r}: found no model_index.json there, expected a folder in diffusers' layout"
            " or a hub id such as genmo/mochi-1-preview"
        )


def autoencoder_fingerprint(settings: ModelSettings) -> str:
    """Changes with the autoencoder, and so with cached latents."""
    return part_fingerprint(settings, "vae")


def text_fingerprint(settings: ModelSettings) -> str:
    """Changes with the text encoder or its tokenizer, and so with cached captions."""
    return part_fingerprint(settings, "text_encoder") + part_fingerprint(settings, "tokenizer")


def part_fingerprint(settings: ModelSettings, part: str) -> str:
    """A digest that changes with the weights of one part, such as "vae".

    Local folders are hashed by content; hub models by id, revision and variant.
    """
    digest = hashlib.sha256()
    folder = Path(settings.path) / part
    if folder.is_dir():
        for file in sorted(folder.iterdir()):
            if file.suffix in (".json", ".safetensors"):
                digest.update(file.name.encode())
                with file.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
    else:
        digest.update(f"{settings.path}@{settings.revision}/{part}/{settings.variant}".encode())
    return digest.hexdigest()[:16]
