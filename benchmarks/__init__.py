"""Measurements of this package beside other libraries, in one run: `python -m benchmarks`, or `make bench`.

Each library works in a process of its own (`worker.py`), so that no library's threads, allocator or settings touch
another's, and the samples of all libraries are interleaved, so that a machine that slows down slows them all. Figures
are medians. Libraries that are not installed are named as absent. Times differ between machines; compare ratios.
"""
