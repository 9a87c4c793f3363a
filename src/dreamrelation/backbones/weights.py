"""Which weights a model's folder or hub id stands for, and what is said where they cannot be loaded."""

import hashlib
import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError, safe_open
from torch import Tensor

from dreamrelation.backbones.sizes import Sizes, current_sizes
from dreamrelation.digests import known_sha256
from dreamrelation.errors import UserError
from dreamrelation.local_models import UNUSABLE, is_local
from dreamrelation.settings.model import ModelSettings, Part

DTYPES = {"float32": torch.float32}
"""Precision → what is computed in; bfloat16 for all others."""


def dtype_of(settings: ModelSettings, part: Part) -> torch.dtype:
    """The precision in which a part computes. Raises ValueError for a part that the settings leave out."""
    precision = getattr(settings.precision, part)
    if precision is None:
        raise ValueError(f"the settings of the model were given without its {part}")
    return DTYPES.get(precision, torch.bfloat16)


def check_folder(settings: ModelSettings) -> None:
    """Raise UserError where the path is local and holds no model in diffusers' layout."""
    if is_local(settings.path) and not (Path(settings.path) / "model_index.json").is_file():
        raise UserError(
            f"model.path {settings.path!r}: found no model_index.json there, expected a folder in diffusers' layout"
            f" or a hub id such as {type(settings).model_fields['path'].default}"
        )


@contextmanager
def loading(settings: ModelSettings, part: str) -> Iterator[None]:
    """Turn what libraries raise for missing and broken weights into a UserError that names the setting and the part."""
    check_folder(settings)
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (*UNUSABLE, RuntimeError, KeyError, SafetensorError) as error:
        if isinstance(error, UserError):
            raise
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"model.path {settings.path!r}: the {part} cannot be loaded: {reason}") from error


def load_part(model: Any, settings: ModelSettings, part: Part, subfolder: str) -> Any:
    """A part of a model, of a model class of diffusers or transformers, frozen, all its weights from the file.

    A part that has no file of the variant is loaded without it, as diffusers' pipelines do: some publishers give one
    for some parts only.

    Raises UserError where the weights are missing, broken, or not exactly those of the part's configuration.
    """
    sizes = current_sizes()
    if sizes is not None:
        return _of_sizes(model, settings, part, subfolder, sizes)
    with loading(settings, part):
        try:
            loaded, info = _loaded(model, settings, part, subfolder, settings.variant)
        except OSError:
            if settings.variant is None:
                raise
            loaded, info = _loaded(model, settings, part, subfolder, None)
        odd = {name: info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys") if info.get(name)}
        if odd:
            where = f"model.path {settings.path!r}: the weights of the {part}"
            raise UserError(f"{where} do not fit its config.json: {odd}")
        return loaded.eval().requires_grad_(False)


def _loaded(model: Any, settings: ModelSettings, part: Part, subfolder: str, variant: str | None) -> tuple[Any, Any]:
    """The part, and what of it and of its file was left over."""
    return model.from_pretrained(
        settings.path,
        subfolder=subfolder,
        dtype=dtype_of(settings, part),
        revision=settings.revision,
        variant=variant,
        output_loading_info=True,
    )


def _of_sizes(model: Any, settings: ModelSettings, part: Part, subfolder: str, sizes: Sizes) -> Any:
    """A part with any values."""
    from transformers.initialization import no_init_weights  # seconds, which only a count of costs need pay

    config = part_config(model, settings, part, subfolder)
    if part == "denoiser" and sizes.blocks is not None:
        names = settings.spec.block_counts
        unit = math.gcd(*(config[name] for name in names))
        config.update({name: config[name] // unit * sizes.blocks for name in names})
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype_of(settings, part))
    try:
        with no_init_weights():  # transformers' own; what values a model starts with does not matter
            made = model.from_config(config) if hasattr(model, "from_config") else model(model.config_class(**config))
    finally:
        torch.set_default_dtype(before)
    return made.eval().requires_grad_(False)


def part_folder(settings: ModelSettings, place: str) -> Path:
    """Where the files of a folder of the model are; those of a hub model are fetched first.

    Raises UserError where they are not there.
    """
    with loading(settings, place):
        if is_local(settings.path):
            return Path(settings.path) / place
        whole = snapshot_download(settings.path, revision=settings.revision, allow_patterns=[f"{place}/*"])
        return Path(whole) / place


def transformer_folder(settings: ModelSettings) -> Path:
    """Where the files of the transformer are, as `part_folder`."""
    return part_folder(settings, settings.folders["denoiser"][0])


def stored_tensors(settings: ModelSettings, place: str, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Some tensors out of a folder's weights, which are not loaded else. Raises UserError where they are not there."""
    found: dict[str, Tensor] = {}
    with loading(settings, place):
        for path in sorted(part_folder(settings, place).glob("*.safetensors")):
            with safe_open(path, "pt") as content:
                stored: list[str] = content.keys()
                found |= {name: content.get_tensor(name) for name in names if name in stored}
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(f"model.path {settings.path!r}: the weights in {place} lack {missing[0]}")
    return found


def part_config(model: Any, settings: ModelSettings, what: str, subfolder: str | None = None) -> dict[str, Any]:
    """A part's configuration, of a class of diffusers or transformers; `subfolder` None: that of the whole model.

    For the sizes alone, those of a published model are known without its files.
    """
    known = settings.published.get(settings.path)
    if current_sizes() is not None and known is not None:
        arguments = inspect.signature(model.__init__).parameters.values()
        defaults = {a.name: a.default for a in arguments if a.default is not inspect.Parameter.empty}
        if (subfolder or "") not in known:
            raise UserError(
                f"model.path {settings.path!r}: the sizes of its {what} are not known without its files, expected a"
                " local folder"
            )
        return {**defaults, **known[subfolder or ""]}
    with loading(settings, what):
        if hasattr(model, "load_config"):
            return dict(model.load_config(settings.path, subfolder=subfolder, revision=settings.revision))
        return model.config_class.get_config_dict(settings.path, subfolder=subfolder, revision=settings.revision)[0]


def part_fingerprint(settings: ModelSettings, part: Part) -> str:
    """A digest that changes with the weights of one part.

    Local files are hashed by content; hub models by id, revision and variant.
    """
    if current_sizes() is not None:
        return "sizes only"
    digest = hashlib.sha256()
    for place in settings.folders[part]:
        path = Path(settings.path) / place
        files = [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []
        for file in files:
            if file.suffix in (".json", ".safetensors", ".model"):
                digest.update(file.name.encode())
                digest.update(bytes.fromhex(known_sha256(file)))
        if not files:
            digest.update(f"{settings.path}@{settings.revision}/{place}/{settings.variant}".encode())
    return digest.hexdigest()[:16]
