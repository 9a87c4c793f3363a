"""What the small Mochi has before any training, and the attention with which it is trained."""

import torch
from diffusers import MochiTransformer3DModel

from dreamrelation.puppets.models.batched_attention import batch_attention
from dreamrelation.puppets.models.small_mochi import HEADS, small_text_encoder, small_tokenizer, small_transformer
from dreamrelation.puppets.models.transformer_examples import tokenise


def outputs_and_gradients(transformer: MochiTransformer3DModel) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(3, 12, 2, 4, 6, generator=generator, dtype=torch.float64)
    text = torch.randn(3, 7, 64, generator=generator, dtype=torch.float64, requires_grad=True)
    mask = torch.arange(7)[None] < torch.tensor([[7], [3], [0]])
    times = torch.tensor([10.0, 500.0, 900.0], dtype=torch.float64)
    out = transformer(latents, text, times, mask, return_dict=False)[0]
    loss = (out**2).mean()
    names, parameters = zip(*transformer.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, [text, *parameters], allow_unused=True)
    assert all(found is not None for found, name in zip(gradients[1:], names, strict=True) if "to_q" in name)
    return [out.detach(), *(torch.zeros(1) if found is None else found for found in gradients)]


def test_a_batch_at_once_gives_what_diffusers_gives_one_by_one() -> None:
    """Also where a text has few tokens that count, or none."""
    transformer = small_transformer(0).double()
    one_by_one = outputs_and_gradients(transformer)
    batch_attention(transformer)
    at_once = outputs_and_gradients(transformer)
    for found, expected in zip(at_once, one_by_one, strict=True):
        # Mochi computes its angles and norms in float32, whatever it is given.
        assert torch.allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_every_frequency_turns_along_one_axis_and_one_by_half_a_circle_over_the_width() -> None:
    frequencies = small_transformer(0).pos_frequencies.detach()
    assert ((frequencies != 0).sum(dim=0) == 1).all()
    assert torch.allclose(frequencies[2, :, -1] * 39 * 6, torch.full((HEADS,), torch.pi))


def test_an_untrained_text_encoder_tells_who_is_named_first() -> None:
    """The word's own embedding differs more between the two orders than between two partners."""
    tokenizer = small_tokenizer()
    encoder = small_text_encoder(tokenizer, 0)
    texts = [
        "A dog and a cat are waving.", "A cat and a dog are waving.", "A dog and a fox are waving.",
    ]  # fmt: skip
    tokens = tokenise(tokenizer, texts)
    with torch.no_grad():
        found = encoder(tokens.ids, attention_mask=tokens.mask)[0]
    dog = tokenizer.convert_tokens_to_ids("▁dog")
    first, second, again = (found[n, tokens.ids[n].tolist().index(dog)] for n in range(3))
    assert (first - second).norm() > 2 * (first - again).norm()
