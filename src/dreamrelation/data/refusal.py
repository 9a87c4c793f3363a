"""Why a clip is left out."""


class Refusal(Exception):
    """A clip, or one length of window in it, cannot be used.

    The message starts with a short cause and a colon, by which refusals are counted: "too short: found …".
    """
