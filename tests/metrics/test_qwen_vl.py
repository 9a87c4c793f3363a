"""The judge on this machine: Qwen's real classes, tiny, with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from dreamrelation.errors import UserError
from dreamrelation.metrics.judges.interface import Question
from dreamrelation.metrics.judges.qwen_vl.judge import QwenVL
from dreamrelation.metrics.judges.qwen_vl.settings import QwenVLSettings
from dreamrelation.settings.machine import MachineSettings

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }} {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)
QUESTION = Question("Are they hugging? yes or no", ("yes", "no"))
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 64, 96, 3)).astype(np.uint8)


def tokenizer() -> PreTrainedTokenizerFast:
    """Whole words, as if "yes" had been learned; all else is letters."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*SPECIAL, "yes", "no", "Yes", "No", " ", *letters]
    pieces = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="?"))
    pieces.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        additional_special_tokens=list(SPECIAL),
        pad_token=SPECIAL[0],
        eos_token=SPECIAL[2],
        unk_token="?",
    )


def write_model(folder: Path, generation: str) -> Path:
    words = tokenizer()
    text = {
        "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0},
        "bos_token_id": words.pad_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id,
    }  # fmt: skip
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32}
    names = {"image": "image_pad", "video": "video_pad", "vision_start": "vision_start", "vision_end": "vision_end"}
    tokens: dict[str, Any] = {
        f"{name}_token_id": words.convert_tokens_to_ids(f"<|{special}|>") for name, special in names.items()
    }
    torch.manual_seed(0)
    if generation == "2.5":
        vision |= {"patch_size": 14, "window_size": 56, "fullatt_block_indexes": [1]}
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **tokens))
        processor = Qwen2_5_VLProcessor(Qwen2VLImageProcessor(), words, Qwen2VLVideoProcessor(), chat_template=TEMPLATE)
    else:
        vision |= {"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
        model = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **tokens))
        processor = Qwen3VLProcessor(
            Qwen2VLImageProcessor(patch_size=16), words, Qwen3VLVideoProcessor(), chat_template=TEMPLATE
        )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["2.5", "3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("qwen"), request.param)


def open_judge(folder: Path, **settings: Any) -> QwenVL:
    given = {"path": str(folder), "precision": "float32", **settings}
    return QwenVL(QwenVLSettings(**given), MachineSettings(device="cpu"))


def test_probabilities_are_those_of_the_first_word(folder: Path) -> None:
    judge = open_judge(folder)
    answer = judge.ask(PICTURES, QUESTION, seed=0)
    inputs = judge._inputs(PICTURES, QUESTION)
    with torch.inference_mode():
        likely = torch.softmax(judge.model(**inputs).logits[0, -1].double(), dim=0)
    words = judge.processor.tokenizer
    yes, no = (
        sum(float(likely[words.convert_tokens_to_ids(form)]) for form in forms)
        for forms in (("yes", "Yes"), ("no", "No"))
    )
    assert answer.shares["yes"] == pytest.approx(yes / (yes + no), rel=1e-6)
    assert sum(answer.shares.values()) == pytest.approx(1)
    assert answer.text == max(answer.shares, key=lambda choice: answer.shares[choice])
    assert not judge.draws and judge.ask(PICTURES, QUESTION, seed=1) == answer


def test_it_looks_at_every_picture_and_reads_the_question(folder: Path) -> None:
    judge = open_judge(folder)
    answer = judge.ask(PICTURES, QUESTION, 0).shares["yes"]
    for number in range(len(PICTURES)):
        changed = PICTURES.copy()
        changed[number] = 255 - changed[number]
        assert abs(judge.ask(changed, QUESTION, 0).shares["yes"] - answer) > 1e-7
    other = Question("yes no no yes ?", QUESTION.choices)
    assert abs(judge.ask(PICTURES, other, 0).shares["yes"] - answer) > 1e-7


def test_sampled_answers_follow_the_seed_and_leave_the_generator_alone(folder: Path) -> None:
    judge = open_judge(folder, answers="sampled", temperature=1.0)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    texts = [judge.ask(PICTURES, QUESTION, seed).text for seed in (0, 1, 0)]
    assert torch.equal(torch.rand(1), expected)
    assert judge.draws and texts[0] == texts[2] != texts[1]


def test_choices_that_start_alike_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="its tokenizer starts maybe, perhaps alike"):
        open_judge(folder).ask(PICTURES, Question("?", ("maybe", "perhaps")), 0)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"found no such model at '{tmp_path}'"):
        open_judge(tmp_path)
