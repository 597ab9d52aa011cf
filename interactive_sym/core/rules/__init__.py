"""The rules of the house; importing this registers them (floor D).

Read them in the order passes run them: `useless`, `canonical`, `stable`, `nnet`, `special`, `indexing`, `sizes`,
`loops`.
"""

from . import canonical, indexing, loops, nnet, sizes, special, stable, useless

__all__ = ["canonical", "indexing", "loops", "nnet", "sizes", "special", "stable", "useless"]
