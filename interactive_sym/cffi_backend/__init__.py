"""The C backend: from a program to machine code and back to a Python call. It imports `core` and cffi.

Read in the order of the work: `schedule`, `lower`, `memory`, `emit` and `unit` turn a program into one C text;
`build` compiles and loads it, through `cache`; `call` makes it a Python callable; `library` finds the BLAS it may
use. The C side of the contract is in `runtime/isym.h`.
"""
