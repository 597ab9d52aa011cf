"""Signals: pooling and convolution of images.

Read next: `pool`, `conv`.
"""

from . import conv, downsample, pool

__all__ = ["conv", "downsample", "pool"]
