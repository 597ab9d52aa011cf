"""Programs as users of Theano write them: `python -m interactive_sym.theano_names tests/theano_programs.py` runs them.

Each function is one program; it fails by raising. `tests/test_theano_programs.py` runs them.
"""
# Written the way such programs are, style and all.
# ruff: noqa

import sys
import traceback
import warnings

import numpy
import numpy as np
import theano
import theano.tensor as T

floatX = theano.config.floatX


def glorot(rng, *size):
    bound = numpy.sqrt(6.0 / sum(size))
    return theano.shared(rng.uniform(-bound, bound, size).astype(floatX))


def zeros(*size):
    return theano.shared(numpy.zeros(size, dtype=floatX))


def descent(cost, params, rate):
    return [(p, p - rate * g) for p, g in zip(params, T.grad(cost, params))]


def perceptron():
    rng = numpy.random.RandomState(3)
    points = rng.normal(size=(120, 4)).astype(floatX)
    labels = (points[:, 0] * points[:, 1] > 0).astype("int32")
    data = theano.shared(points, borrow=True)
    targets = T.cast(theano.shared(labels.astype(floatX), borrow=True), "int32")
    batch = T.lscalar("batch")
    x, y = T.matrix("x"), T.ivector("y")
    params = [glorot(rng, 4, 16), zeros(16), glorot(rng, 16, 2), zeros(2)]
    hidden = T.tanh(T.dot(x, params[0]) + params[1])
    p = T.nnet.softmax(T.dot(hidden, params[2]) + params[3])
    decay = sum(abs(w).sum() + (w**2).sum() for w in params[::2])
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y]) + 1e-5 * decay
    here = slice(batch * 30, (batch + 1) * 30)
    givens = {x: data[here], y: targets[here]}
    train = theano.function([batch], cost, updates=descent(cost, params, 0.5), givens=givens)
    wrong = theano.function([batch], T.mean(T.neq(T.argmax(p, axis=1), y)), givens=givens)
    for _ in range(300):
        for k in range(4):
            train(k)
    assert numpy.mean([wrong(k) for k in range(4)]) < 0.1


def long_memory():
    rng = numpy.random.RandomState(4)
    n, seen = 5, T.tensor3("seen")
    mask = T.matrix("mask")
    W, U, b = glorot(rng, 3, 4 * n), glorot(rng, n, 4 * n), zeros(4 * n)

    def step(m, x, h, c):
        a = x + T.dot(h, U)
        i, f, o = [T.nnet.sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3)]
        new = m[:, None] * (f * c + i * T.tanh(a[:, 3 * n :])) + (1.0 - m)[:, None] * c
        return m[:, None] * o * T.tanh(new) + (1.0 - m)[:, None] * h, new

    start = T.alloc(numpy.asarray(0.0, dtype=floatX), seen.shape[1], n)
    (h, c), updates = theano.scan(
        step, sequences=[mask, T.dot(seen, W) + b], outputs_info=[start, start], n_steps=seen.shape[0], name="memory"
    )
    goal = T.matrix("goal")
    cost = T.sqr((h * mask[:, :, None]).sum(axis=0) / mask.sum(axis=0)[:, None] - goal).mean()
    train = theano.function([seen, mask, goal], cost, updates=[*updates.items(), *descent(cost, [W, U, b], 1.0)])
    values = rng.normal(size=(6, 4, 3)).astype(floatX), (rng.uniform(size=(6, 4)) < 0.8).astype(floatX)
    values[1][0] = 1
    costs = [float(train(*values, values[0][0, :, :1] * 0.2 * numpy.ones(n))) for _ in range(100)]
    assert costs[-1] < 0.6 * costs[0], costs[-1]


def images():
    from theano.tensor.nnet import conv2d
    from theano.tensor.signal import pool

    rng = numpy.random.RandomState(5)
    x, y = T.matrix("x"), T.ivector("y")
    kernels, bias = glorot(rng, 4, 1, 3, 3), zeros(4)
    maps = pool.pool_2d(
        conv2d(x.reshape((-1, 1, 8, 8)), kernels, filter_shape=(4, 1, 3, 3)), (2, 2), ignore_border=True
    )
    features = T.nnet.relu(maps + bias.dimshuffle("x", 0, "x", "x")).flatten(2)
    W, b = glorot(rng, 36, 3), zeros(3)
    cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(features, W) + b), y).mean()
    train = theano.function([x, y], cost, updates=descent(cost, [kernels, bias, W, b], 0.3))
    pictures, classes = rng.uniform(size=(12, 64)).astype(floatX), (numpy.arange(12) % 3).astype("int32")
    costs = [float(train(pictures, classes)) for _ in range(120)]
    assert costs[-1] < 0.5 * costs[0], costs[-1]


def boltzmann():
    from theano.tensor.shared_randomstreams import RandomStreams

    rng, streams = numpy.random.RandomState(6), RandomStreams(17)
    W, a, b = glorot(rng, 8, 5), zeros(8), zeros(5)
    chain = theano.shared((rng.uniform(size=(4, 8)) < 0.5).astype(floatX))
    x = T.matrix("x")

    def energy(v):
        return -T.dot(v, a) - T.sum(T.log(1 + T.exp(T.dot(v, W) + b)), axis=1)

    def draw(p):
        return streams.binomial(size=p.shape, n=1, p=p, dtype=floatX)

    def gibbs(v):
        h = draw(T.nnet.sigmoid(T.dot(v, W) + b))
        p = T.nnet.sigmoid(T.dot(h, W.T) + a)
        return [p, draw(p)]

    (means, samples), updates = theano.scan(gibbs, outputs_info=[None, chain], n_steps=3)
    end = samples[-1]
    cost = T.mean(energy(x)) - T.mean(energy(end))
    for p, g in zip([W, a, b], T.grad(cost, [W, a, b], consider_constant=[end])):
        updates[p] = p - T.cast(0.1, floatX) * g
    updates[chain] = end
    position = theano.shared(0)
    flipped = T.set_subtensor(x[:, position], 1 - x[:, position])
    likelihood = T.mean(8 * T.log(T.nnet.sigmoid(energy(flipped) - energy(x))))
    updates[position] = (position + 1) % 8
    train = theano.function([x], [likelihood, means[-1]], updates=updates)
    rows = numpy.tile([[1, 0, 1, 0, 1, 0, 1, 0]], (6, 1)).astype(floatX)
    values = [float(train(rows)[0]) for _ in range(300)]
    assert numpy.mean(values[-8:]) > numpy.mean(values[:8]) and position.get_value() == 300 % 8
    assert set(numpy.unique(chain.get_value())) <= {0.0, 1.0}


def autoencoder():
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    rng, streams = numpy.random.RandomState(7), MRG_RandomStreams(seed=99)
    x = T.dmatrix("x")
    W, b, c = glorot(rng, 10, 4), zeros(4), zeros(10)
    noise, rate = T.scalar("noise"), T.scalar("rate")
    code = T.nnet.sigmoid(T.dot(x * streams.binomial(x.shape, p=1 - noise, dtype=floatX), W) + b)
    again = T.nnet.sigmoid(T.dot(code, W.T) + c)
    cost = -T.mean(T.sum(x * T.log(again) + (1 - x) * T.log(1 - again), axis=1))
    jacobian = (code * (1 - code)).dimshuffle(0, "x", 1) * W.dimshuffle("x", 0, 1)
    cost = cost + 0.01 * T.sum(jacobian**2) / x.shape[0]
    train = theano.function(
        [x, theano.In(noise, value=0.2), theano.In(rate, value=0.3)], cost, updates=descent(cost, [W, b, c], rate)
    )
    rows = numpy.repeat(rng.uniform(size=(4, 10)) < 0.5, 5, axis=0).astype(floatX)
    costs = [float(train(rows)) for _ in range(200)]
    assert numpy.mean(costs[-20:]) < 0.8 * costs[0]
    train(rows, rate=0.1)
    train(rows, 0.0, 0.1)


def dropout_mrg():
    from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

    srng = RandomStreams(seed=42)

    def dropout(X, p=0.0):
        if p > 0:
            retain = 1 - p
            X *= srng.binomial(X.shape, p=retain, dtype=theano.config.floatX)
            X /= retain
        return X

    X = T.fmatrix()
    out = dropout(X, 0.5)
    f = theano.function([X], out, allow_input_downcast=True)
    a = f(numpy.ones((100, 50)))
    assert set(numpy.unique(a)) <= {0.0, 2.0}, numpy.unique(a)
    assert 0.9 < a.mean() < 1.1
    assert (f(numpy.ones((100, 50))) != a).any()
    m = srng.normal((3, 4), avg=0.0, std=1.0, dtype="float32")
    u = srng.uniform(size=X.shape, low=0, high=1, ndim=2)
    theano.function([X], [m, u])(numpy.ones((2, 2), "float32"))


def rmsprop_momentum_adam():

    def RMSprop(cost, params, lr=0.01, rho=0.9, epsilon=1e-06):
        grads = T.grad(cost=cost, wrt=params)
        updates = []
        for p, g in zip(params, grads):
            acc = theano.shared(p.get_value() * 0.0, broadcastable=p.broadcastable)
            acc_new = rho * acc + (1 - rho) * g**2
            g = g / T.sqrt(acc_new + epsilon)
            updates.append((acc, acc_new))
            updates.append((p, p - lr * g))
        return updates

    def momentum(cost, params, lr=0.05, m=0.9):
        updates = []
        for param in params:
            pu = theano.shared(param.get_value() * 0.0, broadcastable=param.broadcastable)
            updates.append((param, param - lr * pu))
            updates.append((pu, m * pu + (1.0 - m) * T.grad(cost, param)))
        return updates

    def adam(cost, params, lr=0.05, b1=0.9, b2=0.999, e=1e-08):
        updates = []
        i = theano.shared(numpy.asarray(0.0, dtype=floatX))
        i_t = i + 1.0
        fix1 = 1.0 - b1**i_t
        fix2 = 1.0 - b2**i_t
        lr_t = lr * (T.sqrt(fix2) / fix1)
        for p, g in zip(params, T.grad(cost, params)):
            value = p.get_value(borrow=True)
            m = theano.shared(numpy.zeros(value.shape, dtype=value.dtype), broadcastable=p.broadcastable)
            v = theano.shared(numpy.zeros(value.shape, dtype=value.dtype), broadcastable=p.broadcastable)
            m_t = b1 * m + (1.0 - b1) * g
            v_t = b2 * v + (1.0 - b2) * T.sqr(g)
            g_t = m_t / (T.sqrt(v_t) + e)
            p_t = p - lr_t * g_t
            updates += [(m, m_t), (v, v_t), (p, p_t)]
        updates.append((i, i_t))
        return updates

    for method in (RMSprop, momentum, adam):
        w = theano.shared(numpy.ones((3, 1), dtype=floatX), broadcastable=(False, True), name="w")
        b = theano.shared(numpy.asarray(0.5, dtype=floatX), name="b")
        x = T.matrix()
        t = T.vector()
        cost = T.mean((T.dot(x, w).flatten() + b - t) ** 2)
        f = theano.function([x, t], cost, updates=method(cost, [w, b]))
        X = numpy.random.RandomState(0).randn(50, 3).astype(floatX)
        tt = X.dot([1.0, -1.0, 2.0]).astype(floatX)
        c = [float(f(X, tt)) for i in range(300)]
        assert c[-1] < 0.05 * c[0], (method, c[-1])
        assert w.get_value().shape == (3, 1)


def clone_and_givens():
    x, y, z = T.vectors("x", "y", "z")
    f = x * 2 + y
    g = theano.clone(f, replace={x: T.exp(z)})
    assert numpy.allclose(theano.function([y, z], g)([1.0, 2.0], [0.0, 1.0]), 2 * numpy.exp([0, 1.0]) + [1, 2])
    a, b = theano.clone([f, f**2], replace=[(y, z)], share_inputs=True)
    assert numpy.allclose(theano.function([x, z], b)([1.0], [2.0]), 16)
    w = theano.shared(numpy.asarray([1.0, 2.0]), name="w")
    e = (w**2).sum()
    e2 = theano.clone(e, replace={w: w + 1})
    assert e2.eval() == 13
    from theano.scan_module.scan_utils import clone

    assert clone(e, replace={w: 3 * w}).eval() == 45


def advanced_targets():
    p = T.matrix("p")
    y = T.ivector("y")
    f = theano.function(
        [p, y],
        [
            p[T.arange(y.shape[0]), y],
            T.extra_ops.to_one_hot(y, 3),
            T.eq(p.argmax(axis=1), y),
            T.grad(T.log(p)[T.arange(y.shape[0]), y].mean(), p),
        ],
    )
    P = numpy.random.rand(4, 3).astype(floatX)
    Y = numpy.array([0, 2, 1, 1], "int32")
    a, b, c, d = f(P, Y)
    assert numpy.allclose(a, P[range(4), Y]) and b.dtype == floatX and (b.sum(1) == 1).all()
    assert numpy.allclose(d[range(4), Y], 0.25 / P[range(4), Y])


def extra_ops():
    from theano.tensor import extra_ops
    from theano.tensor.extra_ops import (
        cumsum,
        cumprod,
        diff,
        bincount,
        squeeze,
        repeat,
        bartlett,
        fill_diagonal,
        fill_diagonal_offset,
        to_one_hot,
        Unique,
        compress,
        cumsum as cs,
        unravel_index,
        ravel_multi_index,
        searchsorted,
    )

    x = T.dmatrix("x")
    iv = T.ivector("iv")
    X = numpy.arange(12.0).reshape(3, 4)
    assert numpy.allclose(cumsum(x, axis=1).eval({x: X}), X.cumsum(1))
    assert numpy.allclose(cumprod(x, axis=0).eval({x: X}), X.cumprod(0))
    assert numpy.allclose(diff(x, n=1, axis=1).eval({x: X}), numpy.diff(X))
    assert (bincount(iv, minlength=6).eval({iv: numpy.array([1, 1, 3], "int32")}) == [0, 2, 0, 1, 0, 0]).all()
    assert (repeat(x, 2, axis=1).eval({x: X}) == X.repeat(2, 1)).all()
    assert (repeat(x, iv, axis=0).eval({x: X, iv: numpy.array([1, 0, 2], "int32")}) == X.repeat([1, 0, 2], 0)).all()
    assert numpy.allclose(bartlett(5).eval(), numpy.bartlett(5))
    fill_diagonal(x, 7.0).eval({x: X})
    fill_diagonal_offset(x, 7.0, 1).eval({x: X})
    u, i = Unique(return_index=True)(iv)
    r = theano.function([iv], [u, i])(numpy.array([3, 1, 3], "int32"))
    assert (r[0] == [1, 3]).all() and (r[1] == [1, 0]).all()
    assert (compress([1, 0, 1], x, axis=0).eval({x: X}) == X[[0, 2]]).all()
    a, b = unravel_index(iv, (3, 4))
    theano.function([iv], [a, b])(numpy.array([5, 7], "int32"))
    assert (searchsorted(T.constant([1.0, 2.0, 3.0]), x).eval({x: X}) == numpy.searchsorted([1.0, 2.0, 3.0], X)).all()
    assert x.cumsum().eval({x: X}).shape == (12,) and x.repeat(2).eval({x: X}).shape == (24,)


def pickling_functions():
    import pickle, copy, io

    try:
        import cPickle
    except ImportError:
        cPickle = pickle
    w = theano.shared(numpy.ones(3), name="w")
    x = T.dvector("x")
    f = theano.function([x], (w * x).sum(), updates=[(w, w + 1)])
    f(numpy.ones(3))
    g = cPickle.loads(cPickle.dumps(f, protocol=cPickle.HIGHEST_PROTOCOL))
    assert g(numpy.ones(3)) == 6.0 and f(numpy.ones(3)) == 6.0
    h = copy.deepcopy(f)
    assert h(numpy.ones(3)) == f(numpy.ones(3))

    class Model:
        def __init__(self):
            self.W = theano.shared(numpy.ones((2, 2)), name="W")
            self.x = T.matrix("x")
            self.out = T.dot(self.x, self.W)
            self.f = theano.function([self.x], self.out)

        def __getstate__(self):
            return [p.get_value() for p in [self.W]]

        def __setstate__(self, s):
            self.__init__()
            self.W.set_value(s[0])

    globals()["Model"] = Model
    Model.__qualname__ = "Model"
    m = pickle.loads(pickle.dumps(Model()))
    m.f(numpy.ones((1, 2), floatX))
    from theano.misc.pkl_utils import dump, load, StripPickler

    buf = io.BytesIO()
    dump((w, x + w), buf)
    buf.seek(0)
    a, b = load(buf)
    assert (a.get_value() == w.get_value()).all()
    s = io.BytesIO()
    StripPickler(s, -1).dump(x + 1)
    pickle.loads(pickle.dumps([w, w**2, T.grad((w**2).sum(), w)]))


def printed():
    import io

    x = T.dscalar("x")
    y = T.exp(x) / (1 + x**2)
    s = theano.printing.debugprint(y, file="str")
    assert "Elemwise" in s or "exp" in s
    theano.printing.debugprint([y, x], file=io.StringIO(), print_type=True, depth=2)
    f = theano.function([x], y, name="myf")
    assert theano.printing.debugprint(f, file="str")
    assert theano.pp(y)
    theano.printing.pprint(T.grad(y, x))
    theano.printing.min_informative_str(y)
    theano.printing.debugprint(f.maker.fgraph.outputs[0], file="str")
    import tempfile, os

    d = tempfile.mkdtemp()
    theano.printing.pydotprint(y, outfile=os.path.join(d, "a.svg"), format="svg", var_with_name_simple=True)
    theano.printing.pydotprint(
        f,
        outfile=os.path.join(d, "b.dot"),
        format="svg",
        with_ids=True,
        high_contrast=True,
        compact=True,
        scan_graphs=False,
        print_output_file=False,
    )
    import theano.d3viz as d3v

    d3v.d3viz(f, os.path.join(d, "c.html"))
    assert os.path.getsize(os.path.join(d, "c.html"))
    p = theano.printing.Print("this is", attrs=["shape", "__str__"])(x)
    theano.function([x], p * 2)(1.0)


def profiled():
    import io

    x = T.dmatrix()
    f = theano.function([x], T.dot(x, x).sum(), profile=True, name="prof")
    for i in range(3):
        f(numpy.ones((4, 4)))
    b = io.StringIO()
    f.profile.summary(file=b)
    assert "prof" in b.getvalue() or "Function profiling" in b.getvalue(), b.getvalue()[:300]
    assert f.profile.fct_callcount == 3 and f.profile.fct_call_time > 0
    ps = theano.compile.ProfileStats(atexit_print=False)
    g = theano.function([x], x.sum(), profile=ps)
    g(numpy.ones((2, 2)))
    theano.config.profile
    theano.compile.profiling.ProfileStats


def values_for_tests():
    old = theano.config.compute_test_value
    theano.config.compute_test_value = "raise"
    try:
        x = T.matrix("x")
        x.tag.test_value = numpy.random.rand(3, 4).astype(floatX)
        W = theano.shared(numpy.ones((4, 2), floatX))
        h = T.nnet.relu(T.dot(x, W))
        assert h.tag.test_value.shape == (3, 2)
        try:
            T.dot(x, theano.shared(numpy.ones((5, 2), floatX)))
            raise RuntimeError("an error was due")
        except ValueError:
            pass
        y = T.vector("y")
        try:
            y + 1
            raise RuntimeError("an error was due")
        except AttributeError:
            pass
    finally:
        theano.config.compute_test_value = old


def modes():
    from theano.compile.debugmode import DebugMode

    x = T.dvector("x")
    f = theano.function([x], 10 * x, mode="DebugMode")
    f([5.0, 6.0])
    g = theano.function([x], T.log(x).sum(), mode=DebugMode(stability_patience=2, check_isfinite=False))
    g([1.0, 2.0])
    m = theano.compile.mode.get_default_mode()
    m2 = m.including("fusion").excluding("inplace")
    theano.function([x], x + 1, mode=m2)([1.0])
    theano.function([x], x + 1, mode=theano.Mode(linker="py", optimizer="fast_compile"))([1.0])
    theano.function([x], x + 1, mode=theano.compile.Mode(linker="vm", optimizer=None))([1.0])
    theano.function([x], x + 1, mode=theano.compile.get_mode("FAST_COMPILE"))([1.0])
    from theano.compile.nanguardmode import NanGuardMode

    n = theano.function([x], T.log(x), mode=NanGuardMode(nan_is_error=True, inf_is_error=True, big_is_error=True))
    try:
        n([-1.0])
        raise RuntimeError("an error was due")
    except AssertionError as e:
        if "NaN" not in str(e):
            raise
    assert theano.config.mode
    theano.compile.mode.FAST_RUN
    theano.compile.FAST_RUN
    theano.compile.predefined_modes


def subtensor_updates():
    W = theano.shared(numpy.zeros((10, 3), floatX), name="W")
    idx = T.lvector("idx")
    sub = W[idx]
    cost = ((sub - 1) ** 2).sum()
    g = T.grad(cost, sub)
    f = theano.function([idx], cost, updates=[(W, T.inc_subtensor(sub, -0.1 * g))])
    f([1, 3])
    f([1, 3])
    v = W.get_value()
    assert v[1, 0] > 0 and v[0, 0] == 0
    f2 = theano.function([idx], [], updates=[(W, T.set_subtensor(W[idx], 5.0))])
    f2([0])
    assert (W.get_value()[0] == 5).all()
    x = T.dmatrix("x")
    y = T.inc_subtensor(x[1:, ::2], 1.0)
    y = T.set_subtensor(y[0], T.zeros_like(y[0]))
    y = T.inc_subtensor(y[:, -1], x[:, 0])
    r = y.eval({x: numpy.ones((3, 4))})
    assert (r[0, :3] == 0).all()
    m = T.set_subtensor(x[(x > 0.5).nonzero()], 0.0)
    assert m.eval({x: numpy.ones((2, 2))}).sum() == 0
    T.inc_subtensor(x[idx, idx], 1.0)
    u = T.inc_subtensor(W[idx], 1.0, inplace=False)
    assert (u.eval({idx: numpy.array([2, 2])})[2] == 2).all()


def graph_walking():
    x = T.dmatrix("x")
    y = x * 2.0
    assert y.owner.op.__class__.__name__ == "Elemwise" or isinstance(y.owner.op, T.Elemwise), type(y.owner.op)
    assert len(y.owner.inputs) == 2 and y.owner.inputs[0] is x
    from theano.gof.graph import (
        inputs,
        ancestors,
        variables,
        io_toposort,
        list_of_nodes,
        is_same_graph,
        clone,
        ops,
        orphans,
        general_toposort,
        Constant,
    )
    from theano import gof

    w = theano.shared(numpy.ones((3, 3)), name="w")
    c = T.tanh(T.dot(x, w)).sum()
    assert [v for v in gof.graph.inputs([c]) if isinstance(v, theano.compile.SharedVariable)] == [w] or [
        v for v in gof.graph.inputs([c]) if isinstance(v, theano.compile.sharedvalue.SharedVariable)
    ]
    assert x in inputs([c]) and c in ancestors([c]) and (w in ancestors([c]))
    assert [n.op for n in io_toposort([x], [c])]
    i, o = gof.graph.clone([x], [c])
    assert is_same_graph(T.exp(x) + 1, T.exp(x) + 1)
    theano.gof.FunctionGraph([x], [T.exp(x)])
    fg = theano.gof.FunctionGraph([x], [T.exp(x) + 1])
    assert len(fg.toposort()) >= 2 and fg.apply_nodes and fg.variables and (fg.inputs[0].type == x.type)
    f = theano.function([x], c)
    topo = f.maker.fgraph.toposort()
    assert topo and all(n.op for n in topo)

    def walk(v, d=0):
        if v.owner is not None:
            return 1 + max(walk(k) for k in v.owner.inputs)
        return 0

    assert walk(c) >= 3
    assert (
        isinstance(T.constant(2.0), theano.Constant)
        and isinstance(T.constant(2.0), theano.tensor.TensorConstant)
        and isinstance(x, theano.gof.Variable)
        and isinstance(x, T.TensorVariable)
        and isinstance(x, theano.Variable)
    )


def operations():

    class Cubed(theano.Op):
        __props__ = ()

        def make_node(self, base):
            base = T.as_tensor_variable(base)
            return theano.Apply(self, [base], [base.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0] ** 3

        def infer_shape(self, node, input_shapes):
            return input_shapes

        def grad(self, inputs, output_gradients):
            return [3 * inputs[0] ** 2 * output_gradients[0]]

        def R_op(self, inputs, directions):
            return [None if directions[0] is None else 3 * inputs[0] ** 2 * directions[0]]

    class Mirrored(theano.Op):
        __props__ = ()
        itypes = [T.dmatrix]
        otypes = [T.dmatrix]

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = numpy.ascontiguousarray(inputs[0][:, ::-1])

        def infer_shape(self, node, input_shapes):
            return input_shapes

        def grad(self, inputs, output_gradients):
            return [output_gradients[0][:, ::-1]]

    class Line(theano.gof.Op):
        __props__ = ("slope", "start")

        def __init__(self, slope, start=0.0):
            self.slope = slope
            self.start = start
            super(Line, self).__init__()

        def make_node(self, at):
            at = T.as_tensor_variable(at)
            return theano.gof.Apply(self, [at], [at.type()])

        def perform(self, node, inputs, output_storage, params=None):
            output_storage[0][0] = self.start + self.slope * inputs[0]

        def infer_shape(self, node, input_shapes):
            return input_shapes

        def grad(self, inputs, output_gradients):
            return [self.slope * output_gradients[0]]

    x = T.dmatrix()
    rng = numpy.random.RandomState(0)
    X = rng.rand(5, 4)
    wanted = {"Cubed": (X**3, 3 * X**2), "Mirrored": (X[:, ::-1], X**0), "Line": (1 + 4 * X, 4 * X**0)}
    for op in (Cubed(), Mirrored(), Line(4, 1)):
        f = theano.function([x], [op(x), T.grad(op(x).sum(), x)])
        for got, right in zip(f(X), wanted[type(op).__name__]):
            assert numpy.allclose(got, right)
        theano.gradient.verify_grad(op, [X], rng=rng)
    assert Line(4, 1) == Line(4, 1) and hash(Line(4, 1)) == hash(Line(4, 1)) and Line(4, 1) != Line(5, 1)
    assert numpy.allclose(T.Rop(Cubed()(x), x, x).eval({x: X}), 3 * X**3)

    class Multi(theano.Op):
        __props__ = ()

        def make_node(self, x, y):
            x, y = (T.as_tensor_variable(x), T.as_tensor_variable(y))
            return theano.Apply(self, [x, y], [T.TensorType(x.dtype, (False,) * x.ndim)(), T.dscalar()])

        def perform(self, node, inp, out):
            out[0][0] = inp[0] + inp[1]
            out[1][0] = numpy.asarray((inp[0] * inp[1]).sum())

        def grad(self, inp, gs):
            return [gs[0] + gs[1] * inp[1], gs[0] + gs[1] * inp[0]]

        def connection_pattern(self, node):
            return [[True, True], [True, True]]

    a, b = T.dvectors("a", "b")
    o1, o2 = Multi()(a, b)
    g = T.grad(o2, a)
    assert numpy.allclose(theano.function([a, b], g)([1.0, 2.0], [3.0, 4.0]), [3, 4])


def python_functions():
    from theano.compile.ops import as_op

    def longer(node, shapes):
        return [(shapes[0][0] + shapes[1][0],)]

    @as_op(itypes=[T.fvector, T.fvector], otypes=[T.fvector], infer_shape=longer)
    def merged(left, right):
        return numpy.sort(numpy.concatenate([left, right]))

    x, y = T.fvectors("xy")
    f = theano.function([x, y], [merged(x, y), merged(x, y).shape[0]])
    both, length = f(numpy.array([5, 1], "float32"), numpy.array([3], "float32"))
    assert both.tolist() == [1, 3, 5] and length == 3

    @theano.as_op(itypes=[T.lscalar, T.lscalar], otypes=[T.lscalar])
    def add(a, b):
        return numpy.asarray(a + b)

    assert add(T.constant(2, dtype="int64"), T.constant(numpy.int64(3))).eval() == 5

    @theano.compile.ops.as_op([T.dvector], [T.dvector, T.dscalar])
    def two(a):
        return (a + 1, numpy.array(a.sum()))

    v = T.dvector()
    p, q = two(v)
    theano.function([v], [p, q])([1.0])


def opfromgraph():
    mean, spread, seen = T.scalars("mean", "spread", "seen")
    distance = ((seen - mean) / spread) ** 2
    far = theano.OpFromGraph([mean, spread, seen], [distance, T.log(spread)])
    first, scale = far(mean, spread, seen)
    f = theano.function([mean, spread, seen], [first, first + far(seen, spread, mean)[0] + scale])
    near, total = f(1, 2, 5)
    assert near == 4 and numpy.allclose(total, 8 + numpy.log(2))
    slopes = theano.function([mean, spread, seen], T.grad(first + scale, [mean, spread]))
    assert numpy.allclose(slopes(1, 2, 5), [-2, -4 + 0.5])
    gain = theano.shared(numpy.asarray(0.25, floatX))
    damped = theano.OpFromGraph([seen], [seen * gain], inline=True)
    assert theano.function([seen], damped(seen))(8) == 2
    halved = theano.OpFromGraph([mean, seen], [mean * seen], grad_overrides=lambda xs, gs: [gs[0] * xs[1] / 2, gs[0]])
    assert theano.function([mean, seen], T.grad(halved(mean, seen), [mean, seen]), on_unused_input="ignore")(1, 6) == [
        3,
        1,
    ]


def tools_of_tests():
    from theano.tensor.opt import register_canonicalize, register_specialize, Assert, assert_op
    from theano.tests import unittest_tools as utt

    utt.verify_grad(lambda x: T.tanh(x) * 2, [numpy.random.rand(3, 2)])
    utt.seed_rng()
    utt.fetch_seed()
    utt.assert_allclose(numpy.ones(3), numpy.ones(3))
    utt.InferShapeTester
    x = T.dvector()
    y = assert_op(x, T.le(x.sum(), 10))
    f = theano.function([x], y)
    f([1.0])
    try:
        f([100.0])
        raise RuntimeError("an error was due")
    except AssertionError as e:
        assert "assert False" not in str(e)
    Assert("msg")(x, x.shape[0] > 0).eval({x: [1.0]})


def user_rewrite():
    from theano import gof
    from theano.tensor.opt import register_specialize
    from theano.gof import local_optimizer, optdb

    @local_optimizer([T.ceil])
    def ceiling_of_floor(node):
        assert node.op.name == "ceil"
        below = node.inputs[0].owner
        return [node.inputs[0]] if below is not None and below.op == T.floor else False

    theano.compile.optdb.register("ceiling_of_floor", gof.opt.TopoOptimizer(ceiling_of_floor), 2.1, "fast_run")
    x = T.dvector()
    f = theano.function([x], T.ceil(T.floor(x)))
    assert f([1.5]) == [1.0] and [node.op.name for node in f.maker.fgraph.toposort()] == ["floor"]


def shared_variables():
    a = theano.shared(numpy.arange(3.0))
    a.set_value(numpy.ones(5))
    assert a.get_value(borrow=True).shape == (5,)
    assert a.shape.eval() == [5]
    balance = theano.shared(100)
    amount = T.iscalar("amount")
    deposit = theano.function([amount], balance, updates={balance: balance + amount})
    assert deposit(20) == 100 and deposit(-50) == 120 and balance.get_value() == 70
    supposed = T.scalar(dtype=balance.dtype)
    forecast = theano.function([amount, supposed], 3 * balance - amount, givens={balance: supposed})
    assert forecast(5, 10) == 25 and balance.get_value() == 70
    savings = theano.shared(7)
    elsewhere = deposit.copy(swap={balance: savings})
    elsewhere(3)
    assert savings.get_value() == 10 and balance.get_value() == 70
    quiet = deposit.copy(delete_updates=True)
    quiet(1000)
    assert balance.get_value() == 70
    price, count, tax = T.dscalars("price", "count", "tax")
    bill = theano.function(
        [price, theano.In(count, value=2), theano.In(tax, value=0.5, name="rate")], price * count * (1 + tax)
    )
    assert bill(10) == 30 and bill(10, 1) == 15 and bill(10, rate=0) == 20 and bill(10, 3, rate=1) == 60
    bill = theano.function([price, theano.Param(count, default=4)], price * count)
    assert bill(2.5) == 10
    b = theano.shared(numpy.zeros((1, 3)), broadcastable=(True, False))
    assert (b + T.ones((2, 3))).eval().shape == (2, 3)
    c = a.clone()
    assert c.type == a.type
    assert isinstance(a, T.sharedvar.TensorSharedVariable)
    l = theano.shared([1, 2])


def ifelse_switch():
    from theano.ifelse import ifelse

    a, b = T.scalars("a", "b")
    x, y = T.matrices("x", "y")
    z = ifelse(T.lt(a, b), T.mean(x), T.mean(y))
    f = theano.function([a, b, x, y], z, mode=theano.Mode(linker="vm"))
    assert f(0, 1, numpy.zeros((2, 2), floatX), numpy.ones((3, 3), floatX)) == 0
    p, q = ifelse(T.lt(a, b), (x, y), (y, x))
    theano.function([a, b, x, y], [p, q, T.grad(p.sum(), x)])(
        0, 1, numpy.ones((2, 2), floatX), numpy.ones((2, 2), floatX)
    )
    theano.function([a, b], T.switch(T.lt(a, b), a, b))(1, 2)


def loops():
    years = T.iscalar("years")
    rates = T.vector("rates")
    grown, u = theano.scan(
        fn=lambda money, rates: money * (1 + rates), outputs_info=T.ones_like(rates), non_sequences=rates, n_steps=years
    )
    interest = theano.function([rates, years], grown[-1], updates=u)
    assert numpy.allclose(interest([0.0, 0.5, 1.0], 3), [1, 3.375, 8])
    prices = T.vector("prices")
    week, _ = theano.scan(
        fn=lambda price, day, growth: price + growth * day,
        outputs_info=None,
        sequences=[prices, T.arange(7)],
        non_sequences=T.scalar("growth"),
    )
    growth = [v for v in theano.gof.graph.inputs([week]) if v.name == "growth"][0]
    assert week.sum().eval({prices: numpy.asarray([5, 6, 7], floatX), growth: 2.0}) == 24

    def pell(before, last):
        return 2 * last + before

    o, _ = theano.scan(pell, outputs_info=[dict(initial=T.constant(numpy.array([0.0, 1.0])), taps=[-2, -1])], n_steps=5)
    assert o.eval().tolist() == [2, 5, 12, 29, 70]
    r, _ = theano.scan(
        lambda p, least: (p / 3, theano.scan_module.until(p / 3 < least)),
        outputs_info=T.constant(81.0),
        non_sequences=T.constant(2.0),
        n_steps=100,
    )
    assert r.eval().tolist() == [27, 9, 3, 1]
    v = T.dvector("v")
    J, _ = theano.scan(lambda i, y, x: T.grad(y[i], x), sequences=T.arange((v**2).shape[0]), non_sequences=[v**2, v])
    assert numpy.allclose(J.eval({v: [4.0, 4.0]}), 8 * numpy.eye(2))
    w = T.dvector("w")
    assert (
        theano.reduce(lambda a, b: a + b, sequences=v, outputs_info=T.constant(0.0, dtype="float64"))[0].eval(
            {v: [1.0, 2.0]}
        )
        == 3
    )
    theano.map(lambda a: a**2, v)[0].eval({v: [1.0, 2.0]})
    theano.foldl(lambda a, b: a + b, v, T.constant(0.0, dtype="float64"))[0].eval({v: [1.0, 2.0]})
    theano.foldr(lambda a, b: a + b, v, T.constant(0.0, dtype="float64"))[0].eval({v: [1.0, 2.0]})
    s = theano.shared(1)
    nothing, up = theano.scan(lambda: {s: 3 * s}, n_steps=4)
    assert nothing is None
    theano.function([], [], updates=up)()
    assert s.get_value() == 81
    st, _ = theano.scan(
        lambda a0, a1, a2, acc: acc + a0 * a1 * a2,
        sequences=dict(input=v, taps=[-1, 0, 1]),
        outputs_info=T.constant(0.0, dtype="float64"),
    )
    assert st[-1].eval({v: [1.0, 2.0, 3.0, 4.0]}) == 6 + 24
    from theano.scan_module.scan_checkpoints import scan_checkpoints

    res, _ = theano.scan_checkpoints(
        lambda p, c: T.sqrt(p + c), outputs_info=T.zeros_like(v), non_sequences=v, n_steps=40, save_every_N=5
    )
    assert numpy.allclose(res[-1].eval({v: [2.0, 6.0]}), [2, 3])
    m = T.dmatrix("m")
    n, _ = theano.scan(
        lambda row: theano.scan(lambda e, a: a + e, sequences=row, outputs_info=T.constant(0.0, dtype="float64"))[0][
            -1
        ],
        sequences=m,
    )
    assert numpy.allclose(n.eval({m: numpy.ones((2, 3))}), 3)
    assert numpy.allclose(T.jacobian(n, m).eval({m: numpy.ones((2, 3))}).sum(), 6)


def linear_algebra():
    from theano.tensor import nlinalg, slinalg
    from theano.tensor.slinalg import cholesky, solve, Solve, Cholesky, solve_lower_triangular, expm, kron, eigvalsh
    from theano.tensor.nlinalg import (
        matrix_inverse,
        det,
        trace,
        eigh,
        svd,
        diag,
        pinv,
        qr,
        matrix_power,
        norm,
        MatrixInverse,
        Det,
        matrix_dot,
    )

    A = T.dmatrix("A")
    X = numpy.random.RandomState(0).randn(4, 4)
    S = X.dot(X.T) + 4 * numpy.eye(4)
    L = cholesky(A)
    y = T.dvector("y")
    al = solve_lower_triangular(L, y)
    ll = -0.5 * T.dot(al, al) - T.log(T.diag(L)).sum()
    g = T.grad(ll, [A, y])
    r = theano.function([A, y], [ll] + g)(S, numpy.ones(4))
    assert numpy.allclose(
        r[0], -0.5 * numpy.ones(4).dot(numpy.linalg.solve(S, numpy.ones(4))) - 0.5 * numpy.linalg.slogdet(S)[1]
    )
    for e in (
        matrix_inverse(A),
        det(A),
        trace(A),
        eigh(A)[0],
        svd(A)[1],
        pinv(A),
        qr(A)[1],
        matrix_power(A, 3),
        expm(A),
        kron(A, A),
        solve(A, A),
        matrix_dot(A, A, A),
        A.norm(2),
        T.nlinalg.norm(A, "fro"),
        det(A),
    ):
        e.eval({A: S})
    T.grad(T.log(det(A)), A).eval({A: S})
    theano.gradient.verify_grad(lambda a: matrix_inverse(a).sum(), [S], rng=numpy.random.RandomState(0))
    T.nlinalg.lstsq
    numpy.allclose(solve(A, y).eval({A: S, y: numpy.ones(4)}), numpy.linalg.solve(S, numpy.ones(4)))


def sparse_matrices():
    import scipy.sparse as sp
    from theano import sparse

    x = sparse.csc_matrix(name="x", dtype="float64")
    d = T.dmatrix("d")
    S = sp.csc_matrix(numpy.eye(3))
    f = theano.function([x, d], sparse.dot(x, d))
    assert numpy.allclose(f(S, numpy.ones((3, 2))), 1)
    f = theano.function([x], sparse.structured_sigmoid(x))
    f(S)
    y = sparse.csr_from_dense(d)
    theano.function([d], sparse.dense_from_sparse(y))(numpy.eye(2))
    data, indices, indptr, shape = sparse.csm_properties(x)
    theano.function([x], [data, shape])(S)
    g = T.grad(sparse.structured_dot(x, d).sum(), d)
    theano.function([x, d], g)(S, numpy.ones((3, 2)))
    xs = theano.shared(sp.csr_matrix(numpy.eye(4)))
    theano.function([], sparse.dot(xs, T.ones((4, 2))))()
    theano.function([x, d], T.dot(x, d))(S, numpy.ones((3, 2)))


def derivatives():
    x = T.dmatrix("x")
    slope = theano.function([x], T.grad(T.log(1 + x**2).sum(), x))
    assert numpy.allclose(slope([[0, 1], [-1, 3]]), [[0, 1], [-1, 0.6]])
    v = T.dvector("v")
    W = T.dmatrix("W")
    y = T.dot(v, W)
    theano.function([W, v, x], T.Rop(y, W, x))(numpy.ones((2, 2)), [1.0, 2.0], numpy.ones((2, 2)))
    theano.function([v, W], T.Lop(y, W, v))([1.0, 2.0], numpy.ones((2, 2)))
    c = (v**3).sum()
    H = theano.gradient.hessian(c, v)
    assert numpy.allclose(H.eval({v: [1.0, 2.0]}), numpy.diag([6.0, 12.0]))
    g = T.grad(c, v)
    vec = T.dvector()
    Hv = T.grad(T.sum(g * vec), v)
    theano.function([v, vec], Hv)([1.0, 2.0], [2.0, 2.0])
    T.jacobian(v**2, v).eval({v: [1.0, 2.0]})
    z = theano.gradient.grad_clip(v, -1, 1).sum() * 5
    theano.gradient.disconnected_grad(v)
    theano.gradient.zero_grad(v)
    theano.gradient.consider_constant(v)
    theano.gradient.grad_not_implemented
    theano.gradient.grad_undefined
    theano.gradient.DisconnectedType
    w = theano.shared(1.0)
    try:
        T.grad(c, w)
        raise RuntimeError("an error was due")
    except theano.gradient.DisconnectedInputError:
        pass
    assert T.grad(c, w, disconnected_inputs="ignore").eval() == 0
    known = None
    y2 = v**2
    assert numpy.allclose(T.grad(cost=None, wrt=v, known_grads={y2: T.ones_like(y2)}).eval({v: [3.0]}), 6)


def draws():
    from theano.tensor.shared_randomstreams import RandomStreams

    srng = RandomStreams(seed=51)
    rv_u = srng.uniform((3, 2))
    rv_n = srng.normal((5,), avg=10.0)
    f = theano.function([], rv_u)
    g = theano.function([], rv_n, no_default_updates=True)
    same = theano.function([], T.exp(T.log(rv_u)) / rv_u)
    assert (f() != f()).all() and (g() == g()).all() and numpy.allclose(same(), 1)
    state = rv_u.rng.get_value(borrow=True)
    state.seed(8)
    rv_u.rng.set_value(state, borrow=True)
    srng.seed(6021)
    st = rv_u.rng.get_value().get_state()
    v0 = f()
    f()
    rng = rv_u.rng.get_value(borrow=True)
    rng.set_state(st)
    rv_u.rng.set_value(rng, borrow=True)
    assert (v0 == f()).all()
    p = srng.permutation(size=(2,), n=5)
    q = srng.random_integers(size=(3,), low=0, high=4)
    m = srng.multinomial(size=(2,), n=1, pvals=[0.2, 0.8])
    c = srng.choice(size=(4,), a=10, replace=False)
    s = srng.shuffle_row_elements(T.arange(12).reshape((3, 4)))
    [e.eval() for e in (p, q, m, c, s)]
    theano.function([], [p, q, m, c, s])()
    f2 = theano.function([], [srng.poisson(size=(3,), lam=2.0), srng.binomial((3,), n=5, p=0.4)])
    f2()
    for su1, su2 in zip(srng.state_updates, srng.state_updates):
        su1[0].set_value(su2[0].get_value())


def batchnorm_and_losses():
    x = T.tensor4("x")
    g, b = T.vectors("g", "b")
    from theano.tensor.nnet.bn import batch_normalization, batch_normalization_train, batch_normalization_test

    out, mean, inv = batch_normalization_train(
        x, g.dimshuffle("x", 0, "x", "x"), b.dimshuffle("x", 0, "x", "x"), axes="spatial"
    )
    f = theano.function([x, g, b], [out, T.grad(out.sum() ** 2, x)])
    f(numpy.random.rand(2, 3, 4, 4).astype(floatX), numpy.ones(3, floatX), numpy.zeros(3, floatX))
    m = T.matrix()
    t = T.matrix()
    for e in (
        T.nnet.binary_crossentropy(T.nnet.sigmoid(m), t).mean(),
        T.nnet.softplus(m).sum(),
        T.nnet.elu(m).sum(),
        T.nnet.selu(m).sum(),
        T.nnet.relu(m, alpha=0.1).sum(),
        T.nnet.logsoftmax(m).sum(),
        T.nnet.softsign(m).sum(),
        T.nnet.ultra_fast_sigmoid(m).sum(),
        T.nnet.sigmoid_binary_crossentropy(m, t).sum(),
        T.nnet.h_softmax and m.sum(),
        T.nnet.confusion_matrix and m.sum(),
        T.nnet.nnet.softmax(m).sum(),
        T.nnet.sigm.sigmoid(m).sum(),
    ):
        theano.function([m, t], [e, T.grad(e, m)], on_unused_input="ignore")(
            numpy.random.rand(2, 3).astype(floatX), numpy.random.rand(2, 3).astype(floatX)
        )
    assert T.nnet.categorical_crossentropy(T.nnet.softmax(m), t).eval(
        {m: numpy.ones((2, 3), floatX), t: numpy.ones((2, 3), floatX)}
    ).shape == (2,)


def types_and_config():
    t = T.TensorType("float32", [False] * 5)
    x = t("x")
    assert x.ndim == 5 and x.type == t and (x.broadcastable == (False,) * 5)
    assert T.matrix().dtype == theano.config.floatX
    theano.config.floatX = "float32"
    assert T.matrix().dtype == "float32"
    theano.config.floatX = "float64"
    for n in [
        "device",
        "mode",
        "optimizer",
        "linker",
        "floatX",
        "allow_gc",
        "openmp",
        "profile",
        "exception_verbosity",
        "on_unused_input",
        "compute_test_value",
        "warn_float64",
        "cast_policy",
        "int_division",
        "base_compiledir",
        "compiledir",
        "cxx",
    ]:
        getattr(theano.config, n)
    theano.config.gcc.cxxflags
    theano.config.blas.ldflags
    theano.config.warn.ignore_bug_before
    theano.config.optimizer_verbose
    theano.config.experimental
    theano.config.numpy.seterr_all
    assert theano.__version__
    with theano.configparser.change_flags(floatX="float32"):
        assert T.vector().dtype == "float32"
    with theano.config.change_flags(floatX="float32"):
        pass
    assert theano.scalar.upcast("int8", "float32") == "float32"
    theano.scalar.add

    @theano.configparser.change_flags(compute_test_value="off")
    def f():
        return theano.config.compute_test_value

    assert f() == "off"
    assert theano.tensor.basic.as_tensor_variable(3).eval() == 3 and theano.tensor.constant(3).data == 3
    gv = theano.tensor.get_scalar_constant_value(T.constant(2))
    assert gv == 2
    assert T.dmatrix.dtype == "float64"
    T.dmatrix("a")
    T.fvector().type.filter(numpy.ones(2, "float32"))
    from theano.compat import OrderedDict


def shape_info():
    left, right = T.matrices("left", "right")
    tall = T.join(0, T.exp(left), right)
    sizes = theano.function([left, right], [T.tanh(left).shape, tall.shape[0]])
    theano.printing.debugprint(sizes, file="str")
    shape, rows = sizes(numpy.ones((2, 3), floatX), numpy.ones((4, 3), floatX))
    assert shape.tolist() == [2, 3] and rows == 6
    f = theano.function([left, right], tall)
    try:
        f(numpy.ones((2, 3), floatX), numpy.ones((2, 4), floatX))
        raise RuntimeError("an error was due")
    except ValueError:
        pass
    known = T.specify_shape(left, (3, 1))
    f = theano.function([left], [(known + 1).shape, known.sum()])
    assert f(numpy.ones((3, 1), floatX))[0].tolist() == [3, 1]
    try:
        f(numpy.ones((1, 3), floatX))
        raise RuntimeError("an error was due")
    except (AssertionError, ValueError):
        pass
    r = T.row()
    m = T.matrix()
    assert (r + m).eval({r: numpy.ones((1, 3)), m: numpy.ones((2, 3))}).shape == (2, 3)
    b = T.addbroadcast(m, 0)
    T.patternbroadcast(m, (True, False))
    T.unbroadcast(r, 0)


def tensor_functions():
    x = T.dmatrix("x")
    v = T.dvector("v")
    X = numpy.random.rand(3, 4)
    es = dict(
        a=x.sum(axis=[0, 1]),
        b=x.mean(axis=1, keepdims=True),
        c=x.std(0),
        d=x.var(1),
        e=x.prod(),
        f=x.max(axis=-1),
        g=x.argmin(),
        h=x.ptp(),
        i=x.norm(2, axis=1),
        j=x.sort(),
        k=x.argsort(axis=0),
        l=x.T.flatten(),
        m=x.dimshuffle("x", 1, 0),
        n=x.swapaxes(0, 1),
        o=x.ravel()[::-1],
        p=x.take([0, 2], axis=0),
        q=T.tile(x, (2, 1)),
        r=T.roll(x, 1, axis=0),
        s=T.concatenate([x, x], axis=1),
        t=T.stack([x, x], axis=0),
        u=T.stacklists([[x[0, 0], x[0, 1]], [x[1, 0], x[1, 1]]]),
        w=T.tensordot(x, x, axes=[[1], [1]]),
        y=T.outer(x[0], x[1]),
        z=T.diag(T.dot(x, x.T)),
        aa=T.nonzero(x)[0],
        bb=x.nonzero_values(),
        cc=T.clip(x, 0.2, 0.8),
        dd=T.largest(x, 0.5),
        ee=T.horizontal_stack(x, x),
        ff=T.vertical_stack(x, x),
        gg=T.split(x, [1, 2], 2, axis=0)[1],
        hh=T.choose(T.cast(x > 0.5, "int32"), [x, x * 2]),
        ii=x.astype("float32"),
        jj=T.batched_dot(x.dimshuffle(0, "x", 1), x.dimshuffle(0, 1, "x")),
        kk=x.trace(),
        ll=T.triu(x),
        mm=T.inverse_permutation(T.constant([1, 0, 2])),
        nn=T.permute_row_elements(x, T.constant([3, 2, 1, 0])),
        oo=T.switch(x > 0.5, 1.0, 0.0),
        pp=T.allclose(x, x),
        qq=T.isnan(x),
        rr=T.any(x > 0.5),
        ss=T.all(x > 0.5, axis=0),
        tt=T.mgrid[0:3, 0:4][1],
        uu=T.arange(3),
        vv=T.erf(x) + T.gammaln(x) + T.psi(x),
        ww=x.fill(3.0),
        xx=T.shape_padleft(v, 2),
        yy=T.shape_padright(v),
        zz=T.shape_padaxis(v, 0),
        ab=T.identity_like(x),
        ac=T.eye(3, 4, 1),
        ad=T.alloc(2.0, 3, x.shape[0]),
        ae=T.sgn(x),
        af=T.iround(x),
        ag=T.true_div(x, 2),
        ah=x // 0.3,
        ai=x % 0.3,
        aj=T.max_and_argmax(x, axis=1)[1],
        ak=T.minimum(x, 0.5),
        al=x[:, ::-1][x[:, 0].argsort()],
        am=T.bitwise_and(T.cast(x * 10, "int32"), 3),
        an=~(x > 0.5),
        ao=T.cumsum(x, axis=0),
        ap=x[[0, 2], :][:, [1, 3]],
        aq=x[T.arange(3), T.argmax(x, axis=1)],
        ar=T.square(x),
        au=T.squeeze(x[:, :1]),
        av=T.cov(x),
        ax=T.topk(x, 2),
        ay=x[..., None],
        az=x[x > 0.5],
    )
    f = theano.function([x, v], es, on_unused_input="ignore")
    r = f(X, numpy.ones(2))
    assert (
        numpy.allclose(r["c"], X.std(0))
        and numpy.allclose(r["al"], X[:, ::-1][X[:, 0].argsort()])
        and isinstance(r, dict)
    )
    try:
        x[0] = 1
        raise RuntimeError("an error was due")
    except TypeError:
        pass
    try:
        bool(x > 1)
        raise RuntimeError("an error was due")
    except TypeError:
        pass
    try:
        [i for i in x]
        raise RuntimeError("an error was due")
    except TypeError:
        pass


def wrong_inputs():
    x = T.fmatrix()
    f = theano.function([x], x.sum())
    for bad, err in ((numpy.ones((2, 2)), TypeError), (numpy.ones(2, "float32"), TypeError)):
        try:
            f(bad)
            raise RuntimeError("an error was due")
        except err:
            pass
    g = theano.function([x], x.sum(), allow_input_downcast=True)
    g(numpy.ones((2, 2)))
    try:
        theano.function([x], T.dvector() + 1)
        raise RuntimeError("an error was due")
    except theano.gof.MissingInputError:
        pass
    try:
        theano.function([x, T.dvector()], x)
        raise RuntimeError("an error was due")
    except theano.compile.UnusedInputError:
        pass
    try:
        theano.function([x], x, updates=[(theano.shared(1.0), "a")])
        raise RuntimeError("an error was due")
    except (TypeError, AttributeError, ValueError):
        pass
    a, b = T.dvectors("ab")
    h = theano.function([a, b], a + b)
    try:
        h([1.0, 2.0], [1.0, 2.0, 3.0])
        raise RuntimeError("an error was due")
    except ValueError as e:
        assert "mismatch" in str(e).lower() or "shape" in str(e).lower() or "size" in str(e).lower(), str(e)


def conv_variants():
    x = T.tensor4()
    W = T.tensor4()
    X = numpy.random.rand(2, 3, 8, 8)
    K = numpy.random.rand(4, 3, 3, 3)
    for kw in (
        dict(border_mode="valid"),
        dict(border_mode="full"),
        dict(border_mode="half"),
        dict(border_mode=(1, 2)),
        dict(border_mode=1, subsample=(2, 2)),
        dict(filter_dilation=(2, 2)),
        dict(filter_flip=False),
        dict(input_shape=(None, 3, None, None), filter_shape=(4, 3, 3, 3)),
    ):
        o = T.nnet.conv2d(x, W, **kw)
        theano.function([x, W], [o] + T.grad(o.sum(), [x, W]))(X, K)
    o = T.nnet.conv2d(x, W, num_groups=3)
    o.eval({x: X, W: numpy.random.rand(6, 1, 3, 3)})
    t = T.nnet.abstract_conv.conv2d_transpose(x, W, output_shape=(2, 3, 10, 10), filter_shape=(3, 3, 3, 3))
    t.eval({x: X, W: numpy.random.rand(3, 3, 3, 3)})
    gi = T.nnet.abstract_conv.conv2d_grad_wrt_inputs(
        output_grad=x, filters=W, input_shape=(2, 3, 10, 10), filter_shape=(3, 3, 3, 3)
    )
    gi.eval({x: X, W: numpy.random.rand(3, 3, 3, 3)})
    b = T.nnet.abstract_conv.bilinear_upsampling(x, ratio=2)
    assert b.eval({x: X}).shape == (2, 3, 16, 16)
    T.nnet.abstract_conv.get_conv_output_shape((2, 3, 8, 8), (4, 3, 3, 3), "valid", (1, 1))
    from theano.tensor.nnet.neighbours import images2neibs, neibs2images

    images2neibs(x, neib_shape=(2, 2)).eval({x: X})
    v5 = T.tensor5()
    k5 = T.tensor5()
    T.nnet.conv3d(v5, k5).eval({v5: numpy.random.rand(1, 2, 4, 4, 4), k5: numpy.random.rand(2, 2, 2, 2, 2)})
    from theano.tensor.signal.pool import pool_2d, max_pool_2d_same_size

    max_pool_2d_same_size(x, (2, 2)).eval({x: X})
    pool_2d(x, (2, 2), ignore_border=False, mode="sum").eval({x: X})
    from theano.tensor.signal.conv import conv2d as sconv

    i2, f2 = T.dmatrices("i", "f")
    sconv(i2, f2).eval({i2: numpy.ones((5, 5)), f2: numpy.ones((2, 2))})
    up = x.repeat(2, axis=2).repeat(2, axis=3)
    assert up.eval({x: X}).shape == (2, 3, 16, 16)


def monitor_and_hooks():

    def inspect_inputs(i, node, fn):
        assert [input[0] for input in fn.inputs] is not None

    def inspect_outputs(i, node, fn):
        assert [o[0] for o in fn.outputs] is not None

    x = theano.tensor.dscalar("x")
    f = theano.function(
        [x], [5 * x], mode=theano.compile.MonitorMode(pre_func=inspect_inputs, post_func=inspect_outputs)
    )
    f(3)

    def detect_nan(i, node, fn):
        for output in fn.outputs:
            if not isinstance(output[0], numpy.random.RandomState) and numpy.isnan(output[0]).any():
                raise RuntimeError("nan")

    f = theano.function([x], [theano.tensor.log(x) * x], mode=theano.compile.MonitorMode(post_func=detect_nan))
    try:
        f(-1.0)
        raise RuntimeError("an error was due")
    except RuntimeError:
        pass
    f = theano.function(
        [x], x * 2, mode=theano.compile.MonitorMode(post_func=detect_nan).excluding("local_elemwise_fusion", "inplace")
    )
    f(2.0)


def errors_verbosity():
    x = T.vector("x")
    y = T.vector("y")
    z = x + x
    z = z + y
    f = theano.function([x, y], z, mode=None)
    try:
        f(numpy.ones((2,)), numpy.ones((3,)))
        raise RuntimeError("an error was due")
    except ValueError as e:
        assert "Apply node" in str(e) or "x" in str(e)
    with theano.configparser.change_flags(exception_verbosity="high", optimizer="None"):
        f = theano.function([x, y], z)
        try:
            f(numpy.ones((2,)), numpy.ones((3,)))
            raise RuntimeError("an error was due")
        except ValueError as e:
            pass


def opaque_types():
    g = theano.gof.generic()
    from theano.typed_list import TypedListType

    tl = TypedListType(T.fvector)()
    v = T.fvector()
    o = theano.typed_list.append(tl, v)
    theano.function([tl, v], o)([numpy.ones(2, "float32")], numpy.ones(3, "float32"))
    s = theano.shared(numpy.random.RandomState(1))
    s.get_value()
    sc = theano.tensor.as_tensor_variable([T.dscalar("a"), 2.0])
    assert sc.ndim == 1
    theano.tensor.tensor("float32", (True, False))
    T.tensor(dtype="int8", broadcastable=(False,))
    T.TensorType("float64", (False, True)).make_variable("nn")
    m = T.dmatrix("m")
    m2 = m.copy()
    m2.name = "q"
    m.tag.test_value = 3
    assert m.tag.test_value == 3
    m.type.dtype
    m.type.broadcastable
    m.type.ndim
    m.type.filter(numpy.ones((2, 2)))
    assert isinstance(theano.shared(1.0).type, T.TensorType)
    assert theano.tensor.TensorType == type(m.type)


def operations_with_everything():

    class Energy(theano.Op):
        __props__ = ("axis",)

        def __init__(self, axis=None):
            self.axis = axis

        def make_node(self, signal):
            signal = T.as_tensor_variable(signal)
            ndim = 0 if self.axis is None else signal.ndim - 1
            return theano.Apply(self, [signal], [T.TensorType(signal.dtype, (False,) * ndim)()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = numpy.asarray((inputs[0] ** 2).sum(axis=self.axis))

        def grad(self, inputs, output_gradients):
            (g,) = output_gradients
            return [2 * inputs[0] * (g if self.axis is None else T.shape_padaxis(g, self.axis))]

        def infer_shape(self, node, shapes):
            return [() if self.axis is None else tuple(n for k, n in enumerate(shapes[0]) if k != self.axis)]

    x = T.dmatrix()
    X = numpy.random.rand(3, 4)
    theano.gradient.verify_grad(Energy(1), [X], rng=numpy.random.RandomState(1))
    theano.tests.unittest_tools.verify_grad(Energy(), [X])
    assert Energy(1)(x).shape.eval({x: X}).tolist() == [3]

    class ShapesOfEnergy(theano.tests.unittest_tools.InferShapeTester):
        def runTest(self):
            self._compile_and_check([x], [Energy(0)(x)], [X], Energy)

    t = ShapesOfEnergy()
    t.setUp()
    t.runTest()

    class COp(theano.Op):
        __props__ = ()

        def make_node(self, x):
            x = T.as_tensor_variable(x)
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inp, out):
            out[0][0] = inp[0] * 3

        def c_code(self, node, name, inp, out, sub):
            (x,) = inp
            (z,) = out
            fail = sub["fail"]
            return """
            npy_intp k, n = PyArray_SIZE(%(x)s);
            Py_XDECREF(%(z)s);
            %(z)s = (PyArrayObject*)PyArray_NewLikeArray(%(x)s, NPY_CORDER, NULL, 0);
            if (!%(z)s) { %(fail)s }
            for (k = 0; k < n; k++) ((double*)PyArray_DATA(%(z)s))[k] = 3 * ((double*)PyArray_DATA(%(x)s))[k];
            """ % locals()

        def c_code_cache_version(self):
            return (1,)

    v = T.dvector()
    assert numpy.allclose(COp()(v).eval({v: [1.0, 2.0]}), [3, 6]), "cop"

    class Inplace(theano.Op):
        __props__ = ()
        destroy_map = {0: [0]}

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inp, out):
            (a,) = inp
            a += 1
            out[0][0] = a

    arr = numpy.ones(3)
    theano.function([v], Inplace()(v * 2))(arr)
    assert (arr == 1).all()

    class Seen(theano.gof.Op):
        __props__ = ()
        view_map = {0: [0]}

        def make_node(self, x):
            return theano.gof.Apply(self, [x], [x.type()])

        def perform(self, node, inp, out):
            out[0][0] = inp[0][:]

        def grad(self, i, g):
            return g

    Seen()(v).eval({v: [1.0]})


def models_pickled():
    import pickle, tempfile, os

    class Layer:
        def __init__(self):
            self.W = theano.shared(numpy.random.rand(3, 3), "W")
            self.x = T.matrix("x")
            self.y = T.nnet.relu(self.x.dot(self.W))
            self.f = theano.function([self.x], self.y)

        def __getstate__(self):
            d = dict(self.__dict__)
            del d["f"]
            return d

    globals()["Layer"] = Layer
    Layer.__qualname__ = "Layer"
    a = Layer()
    for proto in range(pickle.HIGHEST_PROTOCOL + 1):
        b = pickle.loads(pickle.dumps(a, proto))
        assert (b.W.get_value() == a.W.get_value()).all() and theano.function([b.x], b.y)(numpy.eye(3)).shape == (3, 3)
    import copy

    c = copy.copy(a.W)
    d = copy.deepcopy(a.W)
    d.set_value(numpy.zeros((3, 3)))
    assert a.W.get_value().any()


def loops_with_draws():
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    srng = MRG_RandomStreams(5)
    x0 = T.vector("x0")

    def step(x):
        n = srng.normal(x.shape)
        return x + 0.1 * n

    xs, ups = theano.scan(step, outputs_info=x0, n_steps=5)
    f = theano.function([x0], xs, updates=ups)
    a, b = (f(numpy.zeros(3)), f(numpy.zeros(3)))
    assert (a != b).all() and a.shape == (5, 3)
    from theano.tensor.shared_randomstreams import RandomStreams

    r = RandomStreams(3)
    xs, ups = theano.scan(lambda x: x + r.normal(x.shape), outputs_info=x0, n_steps=4)
    f = theano.function([x0], xs, updates=ups)
    a = f(numpy.zeros(2))
    M = T.matrix()
    o, _ = theano.scan(
        lambda i, acc, M: T.set_subtensor(acc[i], M[i].sum()),
        sequences=T.arange(M.shape[0]),
        outputs_info=T.zeros((M.shape[0],)),
        non_sequences=M,
    )
    assert (o[-1].eval({M: numpy.ones((3, 2))}) == 2).all()
    location = T.imatrix("location")
    values = T.vector("values")
    om = T.matrix("output_model")

    def set_value_at_position(a_location, a_value, output_model):
        zeros = T.zeros_like(output_model)
        zs = zeros[a_location[0], a_location[1]]
        return T.set_subtensor(zs, a_value)

    res, _ = theano.scan(fn=set_value_at_position, outputs_info=None, sequences=[location, values], non_sequences=om)
    assert (
        theano.function([location, values, om], res)(
            numpy.asarray([[1, 1], [2, 3]], "int32"), numpy.asarray([42, 50.0]), numpy.zeros((5, 5))
        )[0, 1, 1]
        == 42
    )
    X = T.matrix("X")
    k = T.iscalar()
    P = T.vector()
    res, _ = theano.scan(lambda v, u: T.tanh(T.dot(v, u) + P), sequences=X, non_sequences=M)
    res.eval({X: numpy.ones((2, 2)), M: numpy.ones((2, 2)), P: numpy.ones(2)})
    U, V = (T.matrix("U"), T.matrix("V"))
    ini = T.matrix("ini")
    res, _ = theano.scan(
        lambda x_tm2, x_tm1, u: T.dot(x_tm2, u) + T.dot(x_tm1, u),
        n_steps=5,
        outputs_info=[dict(initial=ini, taps=[-2, -1])],
        non_sequences=U,
    )
    res.eval({ini: numpy.ones((2, 2)), U: numpy.eye(2)})
    res, _ = theano.scan(
        lambda x_t, x_tp, s: s + x_t - x_tp, sequences=[X[1:], X[:-1]], outputs_info=[T.zeros_like(X[0])]
    )
    T.grad(res[-1].sum(), X).eval({X: numpy.ones((4, 2))})
    jac = theano.scan(
        lambda i, y, x: T.grad(y[i], x), sequences=T.arange(3), non_sequences=[T.tanh(T.dot(X[0], M)), X]
    )[0]
    jac.eval({X: numpy.ones((2, 3)), M: numpy.ones((3, 3))})


def main():
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", theano.NoCompilerWarning)  # C that does not compile is a fault, not a detour
    own = [f for f in list(globals().values()) if callable(f) and getattr(f, "__module__", "") == "__main__"]
    helpers = (main, glorot, zeros, descent)
    for program in own:
        if program not in helpers and not isinstance(program, type):
            try:
                program()
            except Exception:
                print("failed", program.__name__, traceback.format_exc().replace("\n", "\\n"), flush=True)
            else:
                print("passed", program.__name__, flush=True)


if __name__ == "__main__":
    main()
