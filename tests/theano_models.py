"""Models and layers as libraries over Theano write them; run and checked as `theano_programs.py` is.

Each function without arguments is one program.
"""
# Written the way such programs are, style and all.
# ruff: noqa

import copy
import os
import pickle
import sys
import tempfile
import traceback
import warnings
from collections import OrderedDict

import numpy
import numpy as np
import theano
import theano.tensor as T
from theano.compat import imap, izip
from theano.compat.six import iteritems, string_types
from theano.compat.six.moves import cPickle, xrange
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

floatX = theano.config.floatX


def gated_units():
    rng = numpy.random.RandomState(0)
    V, E, H = 11, 5, 7

    def p(*s):
        return theano.shared((rng.randn(*s) * 0.1).astype(floatX))

    emb = p(V, E)
    Wz, Wr, Wh = p(E, H), p(E, H), p(E, H)
    Uz, Ur, Uh = p(H, H), p(H, H), p(H, H)
    bz = p(H)
    Wo = p(H, V)
    idx = T.imatrix("idx")
    mask = T.matrix("mask")
    x = emb[idx.flatten()].reshape((idx.shape[0], idx.shape[1], E))

    def step(x_t, m_t, h, Uz, Ur, Uh):
        z = T.nnet.hard_sigmoid(T.dot(x_t, Wz) + T.dot(h, Uz) + bz)
        r = T.nnet.sigmoid(T.dot(x_t, Wr) + T.dot(h, Ur))
        hh = T.tanh(T.dot(x_t, Wh) + T.dot(r * h, Uh))
        hn = z * h + (1 - z) * hh
        return m_t.dimshuffle(0, "x") * hn + (1.0 - m_t).dimshuffle(0, "x") * h

    h, _ = theano.scan(
        step,
        sequences=[x, mask],
        outputs_info=[T.alloc(numpy.asarray(0.0, dtype=floatX), idx.shape[1], H)],
        non_sequences=[Uz, Ur, Uh],
        strict=False,
    )
    logits = T.dot(h[:-1], Wo)
    sh = logits.shape
    probs = T.nnet.softmax(logits.reshape((sh[0] * sh[1], sh[2])))
    ce = T.nnet.categorical_crossentropy(probs, idx[1:].flatten()).reshape((sh[0], sh[1]))
    cost = (ce * mask[1:]).sum() / mask[1:].sum()
    params = [emb, Wz, Wr, Wh, Uz, Ur, Uh, bz, Wo]
    grads = T.grad(cost, wrt=params)
    norm = T.sqrt(sum(imap(lambda g: T.sqr(g).sum(), grads)))
    grads = [T.switch(T.ge(norm, 5.0), g * 5.0 / norm, g) for g in grads]
    grads = [T.switch(T.isnan(norm), 0.1 * q, g) for g, q in izip(grads, params)]
    # adadelta
    updates = OrderedDict()
    for q, g in izip(params, grads):
        a = theano.shared(q.get_value() * 0.0)
        d = theano.shared(numpy.zeros_like(q.get_value(borrow=True)), broadcastable=q.broadcastable)
        an = 0.9 * a + 0.1 * g**2
        up = g * T.sqrt(d + 1e-6) / T.sqrt(an + 1e-6)
        updates[a] = an
        updates[q] = q - up
        updates[d] = 0.9 * d + 0.1 * up**2
    f = theano.function([idx, mask], [cost, norm], updates=updates, allow_input_downcast=True, on_unused_input="ignore")
    seq = (numpy.arange(8)[:, None] + numpy.arange(4)) % V
    c = [f(seq.astype("int32"), numpy.ones((8, 4)))[0] for _ in range(60)]
    assert c[-1] < c[0] * 0.95, (c[0], c[-1])
    # sampling one step
    xi = T.iscalar()
    h0 = T.vector()
    hn = step(emb[xi].dimshuffle("x", 0), T.ones((1,)), h0.dimshuffle("x", 0), Uz, Ur, Uh)
    nxt = T.argmax(T.dot(hn, Wo), axis=1)
    g = theano.function([xi, h0], [nxt[0], hn[0]])
    o = g(2, numpy.zeros(H, floatX))
    assert o[1].shape == (H,)


def word_vectors():
    rng = numpy.random.RandomState(0)
    emb = theano.shared((rng.randn(20, 6) * 0.1).astype(floatX), "emb")
    ctx = theano.shared(numpy.zeros((20, 6), floatX), "ctx")
    c, o = T.ivectors("c", "o")
    neg = T.imatrix("neg")
    vc = emb[c]
    pos = (vc * ctx[o]).sum(1)
    ng = (ctx[neg] * vc[:, None, :]).sum(2)
    cost = -(T.log(T.nnet.sigmoid(pos)).mean() + T.log(T.nnet.sigmoid(-ng)).sum(1).mean())
    sub_e, sub_c = emb[c], ctx[o]
    ge = T.grad(cost, vc)
    updates = [(emb, T.inc_subtensor(vc, -0.5 * ge)), (ctx, ctx - 0.5 * T.grad(cost, ctx))]
    f = theano.function([c, o, neg], cost, updates=updates)
    cs = rng.randint(0, 20, (64,)).astype("int32")
    os_ = (cs + 1) % 20
    ns = rng.randint(0, 20, (64, 5)).astype("int32")
    l = [f(cs, os_.astype("int32"), ns) for _ in range(50)]
    assert l[-1] < l[0]


def variational():
    rng = numpy.random.RandomState(0)
    srng = MRG_RandomStreams(seed=234)
    x = T.matrix("x")
    D, H, Z = 8, 10, 2

    def W(a, b):
        return theano.shared((rng.randn(a, b) * 0.1).astype(floatX))

    def b(n):
        return theano.shared(numpy.zeros((n,), dtype=floatX))

    P = OrderedDict(
        W1=W(D, H), b1=b(H), Wm=W(H, Z), bm=b(Z), Ws=W(H, Z), bs=b(Z), V1=W(Z, H), c1=b(H), V2=W(H, D), c2=b(D)
    )
    h = T.nnet.softplus(T.dot(x, P["W1"]) + P["b1"])
    mu = T.dot(h, P["Wm"]) + P["bm"]
    ls = 0.5 * (T.dot(h, P["Ws"]) + P["bs"])
    eps = srng.normal((x.shape[0], Z), dtype=theano.config.floatX)
    z = mu + T.exp(ls) * eps
    y = T.nnet.sigmoid(T.dot(T.nnet.relu(T.dot(z, P["V1"]) + P["c1"]), P["V2"]) + P["c2"])
    kl = 0.5 * T.sum(1 + 2 * ls - mu**2 - T.exp(2 * ls), axis=1)
    lp = -T.nnet.binary_crossentropy(y, x).sum(axis=1)
    bound = T.mean(lp + kl)
    cost = -bound
    grads = T.grad(cost, list(P.values()))
    t = theano.shared(numpy.asarray(0, dtype=floatX))
    ups = OrderedDict()
    i_t = t + 1
    fix1 = 1 - 0.9**i_t
    fix2 = 1 - 0.999**i_t
    lr = 1e-2 * T.sqrt(fix2) / fix1
    for (n, p), g in zip(P.items(), grads):
        m = theano.shared(p.get_value() * 0.0)
        v = theano.shared(p.get_value() * 0.0)
        mt = 0.1 * g + 0.9 * m
        vt = 0.001 * T.sqr(g) + 0.999 * v
        ups[m] = mt
        ups[v] = vt
        ups[p] = p - lr * mt / (T.sqrt(vt) + 1e-8)
    ups[t] = i_t
    f = theano.function([x], bound, updates=ups, allow_input_downcast=True)
    d = rng.uniform(size=(50, D)) < 0.2
    l = [f(d) for _ in range(150)]
    assert l[-1] > l[0]
    gen = theano.function([z], y)
    assert gen(numpy.zeros((3, Z), floatX)).shape == (3, D)


def adversaries():
    rng = numpy.random.RandomState(0)
    srng = RandomStreams(1)
    from theano.tensor.nnet import conv2d
    from theano.tensor.nnet.abstract_conv import conv2d_grad_wrt_inputs

    Z = T.matrix("Z")
    X = T.tensor4("X")
    g1 = theano.shared((rng.randn(5, 4 * 4 * 4) * 0.1).astype(floatX))
    g2 = theano.shared((rng.randn(4, 1, 4, 4) * 0.1).astype(floatX))
    d1 = theano.shared((rng.randn(4, 1, 4, 4) * 0.1).astype(floatX))
    d2 = theano.shared((rng.randn(4 * 4 * 4, 1) * 0.1).astype(floatX))
    gam = theano.shared(numpy.ones(4, floatX))
    bet = theano.shared(numpy.zeros(4, floatX))

    def bn(h):
        m = h.mean(axis=[0, 2, 3], keepdims=True)
        s = T.mean(T.sqr(h - m), axis=[0, 2, 3], keepdims=True)
        return (h - m) / T.sqrt(s + 1e-8) * gam.dimshuffle("x", 0, "x", "x") + bet.dimshuffle("x", 0, "x", "x")

    def G(z):
        h = T.nnet.relu(bn(T.dot(z, g1).reshape((z.shape[0], 4, 4, 4))))
        return T.tanh(
            conv2d_grad_wrt_inputs(
                h, g2, input_shape=(None, 1, 8, 8), filter_shape=(4, 1, 4, 4), border_mode=(1, 1), subsample=(2, 2)
            )
        )

    def Dn(x):
        h = conv2d(x, d1, subsample=(2, 2), border_mode=(1, 1))
        h = T.nnet.relu(h, 0.2)
        return T.nnet.sigmoid(T.dot(T.flatten(h, 2), d2))

    gx = G(Z)
    pr = Dn(X)
    pg = Dn(gx)
    bce = T.nnet.binary_crossentropy
    dc = bce(pr, T.ones(pr.shape)).mean() + bce(pg, T.zeros(pg.shape)).mean()
    gc = bce(pg, T.ones(pg.shape)).mean()
    ud = [(p, p - 0.1 * g) for p, g in zip([d1, d2], T.grad(dc, [d1, d2]))]
    ug = [(p, p - 0.1 * g) for p, g in zip([g1, g2, gam, bet], T.grad(gc, [g1, g2, gam, bet]))]
    fd = theano.function([X, Z], [dc, gc], updates=ud)
    fg = theano.function([Z], gc, updates=ug)
    real = rng.randn(6, 1, 8, 8).astype(floatX)
    z = rng.uniform(-1, 1, (6, 5)).astype(floatX)
    for _ in range(5):
        a = fd(real, z)
        b = fg(z)
    assert numpy.isfinite(a).all() and theano.function([Z], gx)(z).shape == (6, 1, 8, 8)


def looking_for_mistakes():
    x = T.vector("x")
    y = T.vector("y")
    f = theano.function([x, y], x + y, name="addition")
    try:
        f(np.ones(2, floatX), np.ones(3, floatX))
        assert 0
    except ValueError as e:
        assert "mis-match" in str(e) and "x" in str(e), str(e)
    old = theano.config.compute_test_value
    theano.config.compute_test_value = "raise"
    try:
        a = T.matrix("a")
        a.tag.test_value = np.random.rand(3, 4).astype(floatX)
        b = T.matrix("b")
        b.tag.test_value = np.random.rand(3, 4).astype(floatX)
        try:
            T.dot(a, b)
            assert 0
        except ValueError as e:
            pass
        z = T.dot(a, b.T)
        assert z.tag.test_value.shape == (3, 3)
        c = T.matrix("c")
        try:
            c + 1
            assert 0
        except AttributeError as e:
            assert "test value" in str(e)
        assert theano.gof.op.get_test_value(z).shape == (3, 3)
    finally:
        theano.config.compute_test_value = old
    m = theano.compile.MonitorMode(post_func=lambda fgraph_or_i, node, fn: [o[0] for o in fn.outputs])
    theano.function([x], T.log(x), mode=m)(np.ones(2, floatX))
    ng = theano.compile.nanguardmode.NanGuardMode(nan_is_error=True, inf_is_error=True, big_is_error=True)
    h = theano.function([x], T.log(x), mode=ng)
    try:
        h(np.asarray([-1.0], floatX))
        assert 0
    except AssertionError as e:
        assert "NaN" in str(e) or "nan" in str(e).lower()
    theano.function([x], T.exp(x).sum(), mode="DebugMode")(np.ones(3, floatX))
    k = theano.function([x], T.exp(x).sum(), profile=True)
    k(np.ones(3, floatX))
    s = sys.stderr
    sys.stderr = open(os.devnull, "w")
    k.profile.summary()
    sys.stderr = s
    mode = theano.Mode(linker="py", optimizer="fast_compile")
    theano.function([x], x * 2, mode=mode)(np.ones(1, floatX))
    mode = theano.compile.get_default_mode().including("local_remove_all_assert").excluding("inplace")
    theano.function([x], x * 2, mode=mode)
    assert theano.printing.pprint(x + y * 2) and theano.pp(T.grad((x**2).sum(), x))
    import io

    buf = io.StringIO()
    theano.printing.debugprint([x + y], file=buf, print_type=True)
    assert "x" in buf.getvalue()
    st = theano.printing.debugprint(f, file="str")
    assert "x" in st
    p = theano.printing.Print("hello", attrs=["shape", "min"])(x)
    so = sys.stdout
    sys.stdout = io.StringIO()
    try:
        theano.function([x], p * 2)(np.ones(3, floatX))
        o = sys.stdout.getvalue()
    finally:
        sys.stdout = so
    assert "hello" in o and "shape" in o


def models_with_state():
    m = MLP(np.random.RandomState(0))
    d = tempfile.mkdtemp()
    fn = os.path.join(d, "m.pkl")
    before = m.predict(np.ones((2, 3), floatX))
    with open(fn, "wb") as f:
        pickle.dump(m, f, protocol=pickle.HIGHEST_PROTOCOL)
    with open(fn, "rb") as f:
        n = pickle.load(f)
    assert np.allclose(n.predict(np.ones((2, 3), floatX)), before)
    c = copy.deepcopy(m.W)
    c.set_value(c.get_value() * 0)
    assert m.W.get_value().any()
    e = pickle.loads(pickle.dumps(m.train, -1))
    e(np.ones((2, 3), floatX), np.ones((2, 1), floatX))
    from theano.misc import pkl_utils

    with open(fn, "wb") as f:
        pkl_utils.dump((m.W, m.b), f)
    with open(fn, "rb") as f:
        W, b = pkl_utils.load(f)
    assert (W.get_value() == m.W.get_value()).all()


class MLP(object):
    def __init__(self, rng):
        self.x, self.t = T.matrix("x"), T.matrix("t")
        self.W = theano.shared(rng.randn(3, 1).astype(floatX), "W")
        self.b = theano.shared(np.zeros(1, floatX), "b")
        self.build()

    def build(self):
        self.y = T.tanh(T.dot(self.x, self.W) + self.b)
        self.cost = T.mean((self.y - self.t) ** 2)
        self.predict = theano.function([self.x], self.y)
        self.train = theano.function(
            [self.x, self.t],
            self.cost,
            updates=[(p, p - 0.1 * g) for p, g in zip([self.W, self.b], T.grad(self.cost, [self.W, self.b]))],
        )

    def __getstate__(self):
        s = self.__dict__.copy()
        s.pop("predict")
        s.pop("train")
        return s

    def __setstate__(self, s):
        self.__dict__.update(s)
        self.build()


def curvature():
    x = T.vector("x")
    H = theano.gradient.hessian(T.sum(x**4) + T.prod(x), x)
    f = theano.function([x], H)
    assert numpy.allclose(f(numpy.array([1.0, 2.0, 3.0], floatX))[0, 1], 3)
    W = T.matrix("W")
    V = T.matrix("V")
    c = T.tanh(T.dot(x, W)).sum()
    g = T.grad(c, W)
    hv = T.grad((g * V).sum(), W)
    hv2 = T.Rop(g, W, V)
    r = numpy.random.RandomState(0)
    a = [q.astype(floatX) for q in (r.randn(3), r.randn(3, 2), r.randn(3, 2))]
    A, B = theano.function([x, W, V], [hv, hv2])(*a)
    assert numpy.allclose(A, B, atol=1e-4)
    J, updates = theano.scan(lambda i, y, x: T.grad(y[i], x), sequences=T.arange(3), non_sequences=[x**2, x])
    assert numpy.allclose(theano.function([x], J, updates=updates)(a[0]), numpy.diag(2 * a[0]), atol=1e-5)


def names_of_operations():
    from theano.tensor.elemwise import CAReduce, DimShuffle, Elemwise, Sum

    x = T.dmatrix("x")
    node = T.exp(x).owner
    assert node.op == T.exp and isinstance(node.op, Elemwise)
    assert node.op.scalar_op == theano.scalar.exp and isinstance(node.op.scalar_op, theano.scalar.Exp)
    assert isinstance(node.op.scalar_op, theano.scalar.basic.Exp)
    assert not isinstance(node.op.scalar_op, theano.scalar.Log)
    assert isinstance((x * x).owner.op.scalar_op, theano.scalar.Mul) and (x * x).owner.op == T.mul
    assert isinstance(T.cast(x, "float32").owner.op.scalar_op, theano.scalar.Cast)
    assert isinstance(T.nnet.sigmoid(x).owner.op.scalar_op, T.nnet.sigm.ScalarSigmoid)
    assert isinstance(x.sum(0).owner.op, Sum) and isinstance(x.prod().owner.op, CAReduce)
    assert isinstance(x.T.owner.op, DimShuffle) and x.T.owner.op.new_order == (1, 0)
    assert T.set_subtensor(x[1:], 0.0).owner.op.set_instead_of_inc
    assert isinstance(x.shape.owner.op, theano.compile.ops.Shape)
    t = x.type
    assert t.values_eq(numpy.ones((2, 2)), numpy.ones((2, 2)))
    assert t.values_eq_approx(numpy.ones((2, 2)), numpy.ones((2, 2)) + 1e-9)
    assert not t.values_eq_approx(numpy.ones((2, 2)), numpy.ones((2, 2)) + 0.1)
    assert t.values_eq_approx(numpy.ones(1), numpy.array([numpy.inf]), allow_remove_inf=True)
    assert t.is_super(T.TensorType("float64", (True, False))) and t.convert_variable(T.fmatrix()) is None
    assert t.is_valid_value(numpy.ones((2, 2))) and not t.is_valid_value(numpy.ones(2))
    assert t.filter_variable(T.drow()).ndim == 2 and t.clone("float32").dtype == "float32"
    assert t.make_variable(name="q").name == "q" and t("r").name == "r"
    assert T.TensorType("float64", (False,), name="Vector") == T.dvector
    x._keras_shape = (2, 2)
    assert pickle.loads(pickle.dumps(x))._keras_shape == (2, 2)


def truth_of_variables():
    W = None
    W = W or theano.shared(numpy.ones(2), "W")
    assert W and not (not W)
    if T.dvector("x"):
        pass
    for wrong in (lambda: bool(W > 1), lambda: bool(T.eq(W, 1).any())):
        try:
            wrong()
            assert False
        except TypeError:
            pass


def names_of_two_pythons():
    from theano.compat import DefaultOrderedDict, PY3, cmp, decode, exc_message, ifilter, operator_div, six
    from theano.compat.python2x import Counter, DictMixin

    assert list(izip("ab", [1, 2])) == [("a", 1), ("b", 2)] and list(imap(abs, [-1])) == [1]
    assert PY3 and cmp(1, 2) == -1 and decode(b"x") == "x" and list(ifilter(None, [0, 1])) == [1]
    assert exc_message(ValueError("m")) == "m" and operator_div(7, 2) == 3
    assert isinstance("x", string_types) and list(iteritems({1: 2})) == [(1, 2)] and list(xrange(2)) == [0, 1]
    assert six.moves.cPickle is cPickle and six.PY3 and not six.PY2
    d = DefaultOrderedDict(list)
    d["k"].append(1)
    assert copy.copy(d)["k"] == [1] and pickle.loads(pickle.dumps(d))["new"] == []

    class Meta(type):
        pass

    @six.add_metaclass(Meta)
    class Made(object):
        pass

    class Other(six.with_metaclass(Meta, object)):
        pass

    assert type(Made) is type(Other) is Meta and Counter("aa")["a"] == 2 and DictMixin


def rewrites_by_pattern():
    from theano.gof.opt import OpRemove, OpSub, PatternSub, TopoOptimizer

    x, y = T.dvectors("x", "y")
    undone = PatternSub((T.arctan, (T.tan, "x")), "x", name="arctan_undoes_tan")
    theano.compile.optdb.register("undo_arctan", TopoOptimizer(undone), 2.1, "fast_run")
    f = theano.function([x], T.arctan(T.tan(x)))
    assert numpy.allclose(f([2.0]), [2.0])
    assert numpy.allclose(theano.function([x, y], T.arctan(T.tan(x) * y))([2.0], [1.0]), numpy.arctan(numpy.tan(2.0)))
    small = PatternSub((T.arctan2, "a", {"pattern": "b", "constraint": lambda v: v.ndim == 0}), (T.arctan2, "b", "a"))
    assert small(T.arctan2(x, y).owner) is False and small(T.arctan2(x, T.dscalar()).owner)[0].owner.inputs[1] is x
    assert PatternSub((T.pow, "x", 3), (T.mul, "x", (T.sqr, "x")))((x**3).owner)[0].owner.op == T.mul
    assert not PatternSub((T.pow, "x", 3), "x")((x**2).owner) and not PatternSub((T.sub, "x", "x"), "x")((x - y).owner)
    assert OpSub(T.tan, T.tanh)(T.tan(x).owner)[0].owner.op == T.tanh
    marked = T.tan(x)
    marked.tag.unit = "rad"
    assert OpSub(T.tan, T.tanh)(marked.owner)[0].tag.unit == "rad"
    assert not hasattr(OpSub(T.tan, T.tanh, transfer_tags=False)(marked.owner)[0].tag, "unit")
    assert OpRemove(T.tan)(T.tan(x).owner) == [x]
    try:
        PatternSub("x", "x")
        assert False
    except TypeError:
        pass


def graph_dropping_an_input():
    x, y, z = T.dscalars("x", "y", "z")
    op = theano.OpFromGraph([x, y, z], [x * 2 + y])
    cost = op(x, y, z)
    slopes = T.grad(cost, [x, y, z], disconnected_inputs="ignore")
    assert [float(v) for v in theano.function([x, y, z], [cost] + slopes)(1.0, 2.0, 3.0)] == [4, 2, 1, 0]


def main():
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", theano.NoCompilerWarning)  # C that does not compile is a fault, not a detour
    for name, program in list(globals().items()):
        code = getattr(program, "__code__", None)
        if code is not None and not code.co_argcount and name != "main" and program.__module__ == "__main__":
            try:
                program()
            except Exception:
                print("failed", name, traceback.format_exc().replace("\n", "\\n"), flush=True)
            else:
                print("passed", name, flush=True)


if __name__ == "__main__":
    main()
