"""Operations, one place each (floor B). Importing a module registers its public functions.

Read next: `elementwise`.
"""
