"""Functions of neural networks: `T.nnet`.

Read next: `activations`, `costs`, `bn`, `abstract_conv`, `neighbours`, `blocksparse`, `ctc`.
"""

from . import abstract_conv, blocksparse, bn, conv, conv3d2d, ctc, neighbours
from .abstract_conv import (
    conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_grad_wrt_weights,
    conv2d_transpose,
    conv3d,
    conv3d_grad_wrt_inputs,
    conv3d_grad_wrt_weights,
    separable_conv2d,
    separable_conv3d,
)
from .activations import (
    elu,
    hard_sigmoid,
    logsoftmax,
    relu,
    selu,
    sigmoid,
    softmax,
    softmax_graph,
    softmax_with_bias,
    softplus,
    softsign,
    ultra_fast_sigmoid,
)
from .blocksparse import sparse_block_dot
from .bn import batch_normalization, batch_normalization_test, batch_normalization_train
from .costs import (
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    h_softmax,
    sigmoid_binary_crossentropy,
)
from .neighbours import images2neibs, neibs2images

__all__ = [
    "abstract_conv",
    "batch_normalization",
    "batch_normalization_test",
    "batch_normalization_train",
    "binary_crossentropy",
    "blocksparse",
    "bn",
    "categorical_crossentropy",
    "confusion_matrix",
    "conv",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d2d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "ctc",
    "elu",
    "h_softmax",
    "hard_sigmoid",
    "images2neibs",
    "logsoftmax",
    "neibs2images",
    "neighbours",
    "relu",
    "selu",
    "separable_conv2d",
    "separable_conv3d",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softmax_graph",
    "softmax_with_bias",
    "softplus",
    "softsign",
    "sparse_block_dot",
    "ultra_fast_sigmoid",
]
