"""The objects that a system under test gets and gives back.

Making one is part of the cost of every query, so their values are not looked at here but where they are used.
"""

from __future__ import annotations

__all__ = ["QuerySample", "QuerySampleResponse", "VectorQuerySample", "VectorQuerySampleResponse"]


class QuerySample:
    """One sample of a query."""

    __slots__ = ("id", "index")

    def __init__(self, id: int = 0, index: int = 0, /) -> None:  # noqa: A002 - the reference's name
        self.id = id
        """To be handed back on completion."""
        self.index = index
        """Which item of the dataset this is."""


class QuerySampleResponse:
    """The output of one sample: a place in memory, which is copied during the call that reports it, if at all."""

    __slots__ = ("data", "id", "n_tokens", "size")

    def __init__(self, id: int = 0, data: int = 0, size: int = 0, n_tokens: int = 0, /) -> None:  # noqa: A002
        self.id = id
        """The id of the :class:`QuerySample`."""
        self.data = data
        """Address of the first byte, as of ``array.buffer_info()[0]`` or ``numpy_array.ctypes.data``."""
        self.size = size
        """Number of bytes."""
        self.n_tokens = n_tokens
        """Tokens in the output, where the run measures tokens."""


class VectorQuerySample(list[QuerySample]):
    """A list of samples. In the official module every method of this type fails with ``RecursionError``."""

    __slots__ = ()


class VectorQuerySampleResponse(list[QuerySampleResponse]):
    """A list of responses, as :class:`VectorQuerySample`."""

    __slots__ = ()
