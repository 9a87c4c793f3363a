"""What the user can mend."""


class UserError(ValueError):
    """Something that the user can mend: a wrong setting, a file that is missing or broken, data that do not suffice.

    The message names the file or setting, what was found and what was expected. The command line shows it alone; any
    other exception is a mistake of ours and keeps its traceback.
    """


class Unfinished(UserError):
    """A command stopped by itself with its state saved: run again, it goes on."""
