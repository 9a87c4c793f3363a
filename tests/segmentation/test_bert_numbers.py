"""Our BERT beside groundingdino-py's own wrapper, whose numbers were recorded once, with transformers 4.57.3.

With that version the package's `BertModelWarper` still works. Weights are made by a formula that needs no generator.
"""

import pytest
import torch
from transformers import BertConfig, BertModel

from dreamrelation.segmentation.detectors.bert_for_grounding_dino import BertForGroundingDino

TOKENS = torch.tensor([[2, 7, 8, 5, 9, 5, 3], [2, 9, 5, 3, 0, 0, 0]])
"""Two prompts: begin, two words, a dot, a word, a dot, end; and begin, a word, a dot, end, padding."""
PHRASES = torch.block_diag(*(torch.ones(n, n) for n in (1, 3, 2, 1))).bool()
"""The tokens of a phrase and its dot see each other; `generate_masks_with_special_tokens_and_transfer_map` says so."""
SHORT = torch.block_diag(*(torch.ones(n, n) for n in (1, 2, 1, 1, 1, 1))).bool()
POSITIONS = torch.tensor([[0, 0, 1, 2, 0, 1, 0], [0, 0, 1, 0, 0, 0, 0]])
BY_PHRASE = {
    0: [
        [1.2297296434, 1.2653293620, 1.2986003309, 1.4241069765, 1.4426596135, 1.5202002915, 1.0559320040],
        [1.2297296434, 1.4426596135, 1.5202002915, 1.0559320040, 1.0697000792, 1.0697000792, 1.0697000792],
    ],
    7: [
        [-1.2081916252, -1.3864678221, -1.1240284935, -1.1897675820, -1.1573376634, -1.1098011838, -0.8006845702],
        [-1.2081916252, -1.1573376634, -1.1098011838, -0.8006845702, -0.9759841589, -0.9759841589, -0.9759841589],
    ],
}
"""Channel → its value at every token."""
BY_PADDING = {
    0: [
        [1.3744832938, 1.4032364222, 1.3362440705, 1.3615312187, 1.4008504527, 1.2652266530, 1.3628002219],
        [1.4468883467, 1.4964016467, 1.3820844292, 1.3518207241, 1.4474644389, 1.4210204794, 1.4629336173],
    ],
    7: [
        [-1.3432025063, -1.2190521236, -1.2721324353, -1.0963705632, -1.1003181202, -1.5715183334, -1.0936363836],
        [-1.0878237455, -1.0089097368, -0.9800664380, -0.8156815406, -0.8869557765, -1.1597260274, -1.0296855833],
    ],
}


@pytest.fixture(scope="module")
def bert() -> BertForGroundingDino:
    config = BertConfig(
        vocab_size=12, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=16,
    )  # fmt: skip
    model = BertModel(config).double().eval()
    with torch.no_grad():
        for at, (name, parameter) in enumerate(sorted(model.named_parameters())):
            x = torch.sin(12.9898 * torch.arange(1, parameter.numel() + 1, dtype=torch.float64) + at) * 43758.5453
            middle = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            parameter.copy_((x - x.floor() - 0.5).reshape(parameter.shape) + middle)
    return BertForGroundingDino(model)


def test_phrases_are_read_apart_as_the_package_reads_them(bert: BertForGroundingDino) -> None:
    found = bert(TOKENS, torch.stack([PHRASES, SHORT]), torch.zeros_like(TOKENS), POSITIONS)["last_hidden_state"]
    for channel, expected in BY_PHRASE.items():
        torch.testing.assert_close(found[..., channel], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-8)


def test_padding_is_not_read_as_the_package_does_not_read_it(bert: BertForGroundingDino) -> None:
    found = bert(TOKENS, (TOKENS != 0).long(), torch.zeros_like(TOKENS))["last_hidden_state"]
    for channel, expected in BY_PADDING.items():
        torch.testing.assert_close(found[..., channel], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-8)
