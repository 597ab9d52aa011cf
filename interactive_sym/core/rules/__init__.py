"""The rules of the house; importing this registers them (floor D).

Read them in the order passes run them: `useless`, `canonical`, `stable`, `special`, `sizes`, `loops`.
"""

from . import canonical, loops, sizes, special, stable, useless

__all__ = ["canonical", "loops", "sizes", "special", "stable", "useless"]
