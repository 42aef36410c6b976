"""What can go wrong in a fit, said in words."""

from __future__ import annotations


class NotIdentifiedError(ValueError):
    """The data fit no model, or very different parameters equally well.

    Whoever fits many groups catches it and falls back to a larger group. The message names the
    model and says why.
    """
