"""Fourier transforms of real signals: `T.fft.rfft`, `T.fft.irfft`; complex numbers are pairs in a last axis.

Read next: `core.ops.fft`.
"""

from ..core.ops.fft import irfft, rfft

__all__ = ["irfft", "rfft"]
