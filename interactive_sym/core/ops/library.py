"""How an operation is computed by one C function of a runtime header (floor B).

An operation with the attribute `library_c` needs no lowering of its own.

Read next: `mrg`, `sort`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LibraryCall:
    """How an operation is computed by one C function.

    The function is called `int function(in0, n0, in1, n1, ..., out0, m0, ..., size0, ...)`: for each input, in the
    node's order, a pointer to its C-contiguous elements (const, of the input's element type) and the number of them
    (`int64_t`); then the same for each output, allocated by the caller to the sizes `Op.infer_shape` says; then the
    products named by `sizes`. It returns 0, or k for `errors[k - 1]`. Outputs may not overlap inputs. The function
    calls nothing of Python and keeps no state.

    Attributes:
        header: the file in `cffi_backend/runtime` to include.
        function: the C function's name.
        errors: messages for the codes 1, 2, ...; each is a ValueError, or what `Op.perform` raises for these inputs.
        sizes: for each of the last arguments (input, first axis, stop axis): the product of those sizes.
        definition: C text that makes the function from what the header has; empty where the header defines it.
        context: the function takes `isym_ctx *ctx` before all else, for scratch memory and library functions. It may
            then also return a negated result code of `isym.h`, such as `-ISYM_MEMORY`.
    """

    header: str
    function: str
    errors: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int, int], ...] = ()
    definition: str = ""
    context: bool = False
