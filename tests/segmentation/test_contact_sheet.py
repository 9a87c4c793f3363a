import numpy as np
from PIL import Image

from dreamrelation.segmentation.contact_sheet import COLOURS, FRAME_HEIGHT, strip, tinted, write_contact_sheet


def test_each_subject_is_tinted_and_outlined_in_its_colour_and_the_rest_stays():
    frame = np.full((40, 60, 3), 120, np.uint8)
    masks = np.zeros((2, 40, 60), bool)
    masks[0, 5:25, 5:25], masks[1, 10:35, 30:55] = True, True
    picture = tinted(frame, masks)
    for mask, colour, middle in zip(masks, COLOURS, ((15, 15), (20, 40)), strict=True):
        assert np.allclose(picture[middle], 0.6 * 120 + 0.4 * np.array(colour), atol=1)
        top_left = tuple(np.argwhere(mask)[0])
        assert np.array_equal(picture[top_left], colour)
    assert np.array_equal(picture[~masks.any(axis=0)], frame[~masks.any(axis=0)])
    assert (frame == 120).all()


def test_a_sheet_has_a_row_for_each_clip_refused_ones_too(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (9, 32, 48, 3), dtype=np.uint8)
    masks = np.zeros((9, 2, 32, 48), bool)
    masks[:, 0, :, :20], masks[:, 1, :, 28:] = True, True
    strips = [strip("good", frames, masks, "fine"), strip("bad", frames, None, "refused: why", refused=True)]
    assert strips[0].frames.shape == (6, FRAME_HEIGHT, 192, 3) and strips[0].masks is not None
    assert strips[0].masks.shape == (6, 2, FRAME_HEIGHT, 192) and not strips[0].masks.all(axis=1).any()
    one, both = tmp_path / "one.png", tmp_path / "both.png"
    write_contact_sheet(one, "hugging", strips[:1])
    write_contact_sheet(both, "hugging", strips)
    assert Image.open(both).height - Image.open(one).height > FRAME_HEIGHT
