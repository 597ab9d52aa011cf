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
from theano import config, function, gof, shared
from theano.compat import imap, izip
from theano.compat.six import iteritems, string_types
from theano.compat.six.moves import cPickle, xrange
from theano.gof import Apply, Op
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

floatX = theano.config.floatX


class dA(object):
    def __init__(
        self, numpy_rng, theano_rng=None, input=None, n_visible=784, n_hidden=500, W=None, bhid=None, bvis=None
    ):
        self.n_visible = n_visible
        self.n_hidden = n_hidden
        if not theano_rng:
            theano_rng = RandomStreams(numpy_rng.randint(2**30))
        if not W:
            initial_W = numpy.asarray(
                numpy_rng.uniform(
                    low=-4 * numpy.sqrt(6.0 / (n_hidden + n_visible)),
                    high=4 * numpy.sqrt(6.0 / (n_hidden + n_visible)),
                    size=(n_visible, n_hidden),
                ),
                dtype=theano.config.floatX,
            )
            W = theano.shared(value=initial_W, name="W", borrow=True)
        if not bvis:
            bvis = theano.shared(value=numpy.zeros(n_visible, dtype=theano.config.floatX), borrow=True)
        if not bhid:
            bhid = theano.shared(value=numpy.zeros(n_hidden, dtype=theano.config.floatX), name="b", borrow=True)
        self.W = W
        self.b = bhid
        self.b_prime = bvis
        self.W_prime = self.W.T
        self.theano_rng = theano_rng
        if input is None:
            self.x = T.dmatrix(name="input")
        else:
            self.x = input
        self.params = [self.W, self.b, self.b_prime]

    def get_corrupted_input(self, input, level):
        return self.theano_rng.binomial(size=input.shape, n=1, p=1 - level, dtype=theano.config.floatX) * input

    def get_hidden_values(self, input):
        return T.nnet.sigmoid(T.dot(input, self.W) + self.b)

    def get_reconstructed_input(self, hidden):
        return T.nnet.sigmoid(T.dot(hidden, self.W_prime) + self.b_prime)

    def get_cost_updates(self, corruption_level, learning_rate):
        tilde_x = self.get_corrupted_input(self.x, corruption_level)
        y = self.get_hidden_values(tilde_x)
        z = self.get_reconstructed_input(y)
        L = -T.sum(self.x * T.log(z) + (1 - self.x) * T.log(1 - z), axis=1)
        cost = T.mean(L)
        gparams = T.grad(cost, self.params)
        updates = [(param, param - learning_rate * gparam) for param, gparam in zip(self.params, gparams)]
        return (cost, updates)


def shared_dataset(x, y, borrow=True):
    sx = theano.shared(numpy.asarray(x, dtype=theano.config.floatX), borrow=borrow)
    sy = theano.shared(numpy.asarray(y, dtype=theano.config.floatX), borrow=borrow)
    return sx, T.cast(sy, "int32")


def stacked_autoencoder():
    rng = numpy.random.RandomState(89677)
    data = rng.uniform(size=(60, 12)) < 0.4
    X, Y = shared_dataset(data, data.sum(1) % 3)
    index = T.lscalar("index")
    x = T.matrix("x")
    y = T.ivector("y")
    corruption_level = T.scalar("corruption")
    learning_rate = T.scalar("lr")
    das = []
    layer = x
    n = 12
    trng = RandomStreams(rng.randint(2**30))
    fns = []
    for h in (8, 6):
        da = dA(rng, trng, layer, n, h)
        n = h
        cost, updates = da.get_cost_updates(corruption_level, learning_rate)
        fns.append(
            theano.function(
                inputs=[index, theano.In(corruption_level, value=0.2), theano.In(learning_rate, value=0.1)],
                outputs=cost,
                updates=updates,
                givens={x: X[index * 20 : (index + 1) * 20]},
            )
        )
        layer = da.get_hidden_values(layer)
        das.append(da)
    c0 = None
    for fn in fns:
        for epoch in xrange(15):
            c = [fn(index=i, corruption=0.1, lr=0.3) for i in xrange(3)]
            c0 = c0 or numpy.mean(c)
    assert numpy.isfinite(c).all()
    W = theano.shared(numpy.zeros((6, 3), floatX))
    b = theano.shared(numpy.zeros(3, floatX))
    p = T.nnet.softmax(T.dot(layer, W) + b)
    nll = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    errors = T.mean(T.neq(T.argmax(p, axis=1), y))
    params = [q for d in das for q in d.params[:2]] + [W, b]
    ft = theano.function(
        [index],
        nll,
        updates=[(q, q - T.cast(0.1, floatX) * g) for q, g in izip(params, T.grad(nll, params))],
        givens={x: X[index * 20 : (index + 1) * 20], y: Y[index * 20 : (index + 1) * 20]},
        name="train",
    )
    losses = [float(ft(i % 3)) for i in xrange(60)]
    assert losses[-1] < losses[0]
    test = theano.function([], errors, givens={x: X, y: Y})
    assert 0 <= test() <= 1
    # save with cPickle
    s = cPickle.dumps([q.get_value(borrow=True) for q in params], protocol=-1)
    for q, v in izip(params, cPickle.loads(s)):
        q.set_value(v, borrow=True)


class RBM(object):
    def __init__(self, input, n_visible, n_hidden, rng, trng):
        self.W = theano.shared(
            numpy.asarray(rng.normal(0, 0.1, (n_visible, n_hidden)), dtype=floatX), name="W", borrow=True
        )
        self.hbias = theano.shared(numpy.zeros(n_hidden, dtype=floatX), name="hbias", borrow=True)
        self.vbias = theano.shared(numpy.zeros(n_visible, dtype=floatX), name="vbias", borrow=True)
        self.input = input
        self.theano_rng = trng
        self.n_visible = n_visible
        self.params = [self.W, self.hbias, self.vbias]

    def free_energy(self, v):
        wx_b = T.dot(v, self.W) + self.hbias
        return -T.sum(T.log(1 + T.exp(wx_b)), axis=1) - T.dot(v, self.vbias)

    def propup(self, v):
        a = T.dot(v, self.W) + self.hbias
        return [a, T.nnet.sigmoid(a)]

    def propdown(self, h):
        a = T.dot(h, self.W.T) + self.vbias
        return [a, T.nnet.sigmoid(a)]

    def sample_h(self, v):
        a, m = self.propup(v)
        s = self.theano_rng.binomial(size=m.shape, n=1, p=m, dtype=floatX)
        return [a, m, s]

    def sample_v(self, h):
        a, m = self.propdown(h)
        s = self.theano_rng.binomial(size=m.shape, n=1, p=m, dtype=floatX)
        return [a, m, s]

    def gibbs_hvh(self, h):
        a, b, c = self.sample_v(h)
        d, e, f = self.sample_h(c)
        return [a, b, c, d, e, f]

    def get_cost_updates(self, lr=0.1, persistent=None, k=1):
        _, _, ph_sample = self.sample_h(self.input)
        chain_start = ph_sample if persistent is None else persistent
        ([pre_nvs, nv_means, nv_samples, pre_nhs, nh_means, nh_samples], updates) = theano.scan(
            self.gibbs_hvh, outputs_info=[None, None, None, None, None, chain_start], n_steps=k, name="gibbs_hvh"
        )
        chain_end = nv_samples[-1]
        cost = T.mean(self.free_energy(self.input)) - T.mean(self.free_energy(chain_end))
        gparams = T.grad(cost, self.params, consider_constant=[chain_end])
        for gparam, param in zip(gparams, self.params):
            updates[param] = param - gparam * T.cast(lr, dtype=theano.config.floatX)
        if persistent:
            updates[persistent] = nh_samples[-1]
            mon = self.pseudo(updates)
        else:
            mon = T.mean(
                T.sum(
                    self.input * T.log(T.nnet.sigmoid(pre_nvs[-1]))
                    + (1 - self.input) * T.log(1 - T.nnet.sigmoid(pre_nvs[-1])),
                    axis=1,
                )
            )
        return mon, updates

    def pseudo(self, updates):
        bit = theano.shared(value=0, name="bit_i_idx")
        xi = T.round(self.input)
        fe = self.free_energy(xi)
        xi_flip = T.set_subtensor(xi[:, bit], 1 - xi[:, bit])
        fe2 = self.free_energy(xi_flip)
        cost = T.mean(self.n_visible * T.log(T.nnet.sigmoid(fe2 - fe)))
        updates[bit] = (bit + 1) % self.n_visible
        return cost


def boltzmann_persistent():
    rng = numpy.random.RandomState(1)
    trng = RandomStreams(rng.randint(2**30))
    v = (rng.uniform(size=(40, 9)) < 0.3).astype(floatX)
    v[:, :3] = v[:, :1]
    X = theano.shared(v, borrow=True)
    x = T.matrix("x")
    i = T.lscalar()
    chain = theano.shared(numpy.zeros((20, 5), dtype=floatX), borrow=True)
    for pers in (chain, None):
        r = RBM(x, 9, 5, rng, trng)
        cost, updates = r.get_cost_updates(0.1, pers, k=4)
        f = theano.function([i], cost, updates=updates, givens={x: X[i * 20 : (i + 1) * 20]}, name="train_rbm")
        c = [f(e % 2) for e in range(80)]
        assert numpy.isfinite(c).all() and numpy.mean(c[-10:]) > numpy.mean(c[:10])
    # sampling
    vis = theano.shared(v[:3])
    ([pv, vm, vs, ph, hm, hs], updates) = theano.scan(
        lambda v: (lambda h: [h[0], h[1], h[2]] + r.sample_v(h[2]))(r.sample_h(v)),
        outputs_info=[None] * 5 + [vis],
        n_steps=20,
    )
    updates.update({vis: hs[-1]})
    s = theano.function([], [hm[-1], hs[-1]], updates=updates, name="sample_fn")
    m, q = s()
    assert set(numpy.unique(q)) <= {0, 1} and (vis.get_value() == q).all()


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
    from theano.tensor.nnet import conv2d, batch_normalization
    from theano.tensor.signal.pool import pool_2d
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


def memory_addressed():
    x = T.matrix("x")
    N, M = 6, 4
    rng = numpy.random.RandomState(0)

    def p(*s):
        return theano.shared((rng.randn(*s) * 0.3).astype(floatX))

    Wk, Wb, Wg, Ws, Wt, We, Wa = p(3, M), p(3, 1), p(3, 1), p(3, 3), p(3, 1), p(3, M), p(3, M)
    M0 = theano.shared((rng.rand(N, M) * 0.01).astype(floatX))
    w0 = theano.shared((numpy.ones(N) / N).astype(floatX))
    eye = numpy.eye(N)
    import scipy.linalg as sl

    shift = sl.circulant(numpy.arange(N)).T[numpy.arange(-1, 2)][:, ::-1]

    def cos(k, Mm):
        k_u = k / (T.sqrt(T.sum(k**2)) + 1e-5)
        m_u = Mm / (T.sqrt(T.sum(Mm**2, axis=1)).dimshuffle(0, "x") + 1e-5)
        return T.dot(m_u, k_u)

    def step(x_t, Mm, w):
        key = T.dot(x_t, Wk)
        beta = T.nnet.softplus(T.dot(x_t, Wb))[0] + 1e-4
        g = T.nnet.sigmoid(T.dot(x_t, Wg))[0]
        s = T.nnet.softmax(T.dot(x_t, Ws)).flatten()
        gamma = T.nnet.softplus(T.dot(x_t, Wt))[0] + 1.0
        wc = T.nnet.softmax(beta * cos(key, Mm)).flatten()
        wg = g * wc + (1 - g) * w
        ws = T.zeros_like(wg)
        for k in range(3):
            ws = ws + s[k] * wg[shift[k].astype("int64")]
        wn = ws**gamma
        wn = wn / T.sum(wn)
        er = T.nnet.sigmoid(T.dot(x_t, We))
        ad = T.dot(x_t, Wa)
        Mn = Mm * (1 - T.outer(wn, er)) + T.outer(wn, ad)
        return Mn, wn, T.dot(wn, Mn)

    (Ms, ws, r), _ = theano.scan(step, sequences=x, outputs_info=[M0, w0, None])
    cost = T.sqr(r[-1] - 1).sum()
    ps = [Wk, Wb, Wg, Ws, Wt, We, Wa, M0, w0]
    f = theano.function([x], cost, updates=[(q, q - 0.05 * T.clip(g, -1, 1)) for q, g in zip(ps, T.grad(cost, ps))])
    v = rng.randn(5, 3).astype(floatX)
    l = [float(f(v)) for _ in range(40)]
    assert l[-1] < l[0] * 0.7, (l[0], l[-1])


def hybrid_sampler():
    def kinetic(v):
        return 0.5 * (v**2).sum(axis=1)

    def simulate(pos, vel, eps, n, energy):
        def leap(pos, vel, st):
            dE = T.grad(energy(pos).sum(), pos)
            nv = vel - st * dE
            npos = pos + st * nv
            return [npos, nv], {}

        dE = T.grad(energy(pos).sum(), pos)
        vh = vel - 0.5 * eps * dE
        pf = pos + eps * vh
        (ap, av), upd = theano.scan(
            leap, outputs_info=[dict(initial=pf), dict(initial=vh)], non_sequences=[eps], n_steps=n - 1
        )
        fp, fv = ap[-1], av[-1]
        return fp, fv - 0.5 * eps * T.grad(energy(fp).sum(), fp), upd

    s_rng = RandomStreams(5)
    mu = numpy.array([1.0, -2.0])
    positions = theano.shared(numpy.random.RandomState(1).randn(30, 2).astype(floatX))
    step = theano.shared(numpy.asarray(0.3, floatX), "stepsize")
    acc = theano.shared(numpy.asarray(0.9, floatX), "avg")
    energy = lambda q: 0.5 * ((q - mu) ** 2).sum(axis=1)
    init = s_rng.normal(size=positions.shape)
    fp, fv, upd = simulate(positions, init, step, 8, energy)
    ham = lambda p, v: energy(p) + kinetic(v)
    accept = (T.exp(ham(positions, init) - ham(fp, fv)) - s_rng.uniform(size=(positions.shape[0],))) >= 0
    mask = accept.dimshuffle(*(list(range(accept.ndim)) + ["x"]))
    newpos = T.switch(mask, fp, positions)
    nacc = 0.9 * acc + 0.1 * accept.mean(dtype=theano.config.floatX)
    nst = T.clip(T.switch(acc > 0.9, step * 1.02, step * 0.98), 1e-3, 0.5)
    upd.update([(positions, newpos), (step, nst), (acc, nacc)])
    f = theano.function([], [], updates=upd)
    samples = []
    for k in range(200):
        f()
        if k > 50:
            samples.append(positions.get_value())
    assert numpy.allclose(numpy.mean(numpy.concatenate(samples), 0), mu, atol=0.15)


class Layer(object):
    def __init__(self, incoming, name=None):
        if isinstance(incoming, tuple):
            self.input_shape = incoming
            self.input_layer = None
        else:
            self.input_shape = incoming.output_shape
            self.input_layer = incoming
        self.params = OrderedDict()
        self.name = name
        self.get_output_kwargs = []

    @property
    def output_shape(self):
        return self.get_output_shape_for(self.input_shape)

    def get_output_shape_for(self, s):
        return s

    def add_param(self, spec, shape, name=None, **tags):
        tags["trainable"] = tags.get("trainable", True)
        tags["regularizable"] = tags.get("regularizable", True)
        if isinstance(spec, theano.compile.SharedVariable):
            if spec.ndim != len(shape):
                raise RuntimeError("ndim")
            param = spec
        elif isinstance(spec, np.ndarray):
            param = theano.shared(spec)
        elif hasattr(spec, "__call__"):
            arr = np.asarray(spec(shape), dtype=floatX)
            bcast = tuple(s == 1 for s in shape)
            param = theano.shared(arr, broadcastable=bcast)
        else:
            raise TypeError
        if name is not None:
            param.name = ("%s.%s" % (self.name, name)) if self.name else name
        self.params[param] = set(t for t, v in tags.items() if v)
        return param


class InputLayer(Layer):
    def __init__(self, shape, input_var=None, name=None):
        self.shape = shape
        self.params = OrderedDict()
        self.name = name
        self.input_layer = None
        if input_var is None:
            input_var = T.TensorType(theano.config.floatX, [s == 1 for s in shape])("input")
        self.input_var = input_var

    output_shape = property(lambda s: s.shape)


class Dense(Layer):
    def __init__(self, incoming, num_units, W=None, b=lambda s: np.zeros(s), nonlinearity=T.nnet.relu, **k):
        super(Dense, self).__init__(incoming, **k)
        self.num_units = num_units
        self.nonlinearity = (lambda x: x) if nonlinearity is None else nonlinearity
        nin = int(np.prod(self.input_shape[1:]))
        self.W = self.add_param(W or (lambda s: np.random.RandomState(1).normal(0, 0.1, s)), (nin, num_units), name="W")
        self.b = None if b is None else self.add_param(b, (num_units,), name="b", regularizable=False)

    def get_output_shape_for(self, s):
        return (s[0], self.num_units)

    def get_output_for(self, input, **k):
        if input.ndim > 2:
            input = input.flatten(2)
        a = T.dot(input, self.W)
        if self.b is not None:
            a = a + self.b.dimshuffle("x", 0)
        return self.nonlinearity(a)


class Conv(Layer):
    def __init__(self, incoming, n, fs, stride=(1, 1), pad="valid", **k):
        super(Conv, self).__init__(incoming, **k)
        self.n = n
        self.fs = fs
        self.stride = stride
        self.pad = pad
        self.W = self.add_param(
            lambda s: np.random.RandomState(2).normal(0, 0.1, s), (n, self.input_shape[1]) + fs, name="W"
        )
        self.b = self.add_param(lambda s: np.zeros(s), (n,), name="b", regularizable=False)

    def get_output_shape_for(self, s):
        return (s[0], self.n) + tuple((a - f) // st + 1 for a, f, st in zip(s[2:], self.fs, self.stride))

    def get_output_for(self, input, **k):
        c = T.nnet.conv2d(
            input,
            self.W,
            input_shape=self.input_shape,
            filter_shape=self.W.get_value().shape,
            border_mode=self.pad,
            subsample=self.stride,
            filter_flip=False,
        )
        return T.nnet.relu(c + T.shape_padleft(T.shape_padright(self.b, 2), 1))


class Pool(Layer):
    def get_output_shape_for(self, s):
        return s[:2] + tuple(a // 2 for a in s[2:])

    def get_output_for(self, input, **k):
        from theano.tensor.signal.pool import pool_2d

        return pool_2d(input, ws=(2, 2), ignore_border=True, mode="max")


class Dropout(Layer):
    def __init__(self, incoming, p=0.5, **k):
        super(Dropout, self).__init__(incoming, **k)
        self.p = p
        from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

        self._srng = RandomStreams(np.random.RandomState(3).randint(1, 2147462579))

    def get_output_for(self, input, deterministic=False, **k):
        if deterministic or self.p == 0:
            return input
        one = T.constant(1)
        retain = one - self.p
        input /= retain
        shape = self.input_shape
        if any(s is None for s in shape):
            shape = input.shape
        return input * self._srng.binomial(shape, p=retain, dtype=input.dtype)


class BatchNorm(Layer):
    def __init__(self, incoming, **k):
        super(BatchNorm, self).__init__(incoming, **k)
        self.axes = (0,) + tuple(range(2, len(self.input_shape)))
        sh = (self.input_shape[1],)
        self.beta = self.add_param(lambda s: np.zeros(s), sh, "beta")
        self.gamma = self.add_param(lambda s: np.ones(s), sh, "gamma")
        self.mean = self.add_param(lambda s: np.zeros(s), sh, "mean", trainable=False)
        self.inv_std = self.add_param(lambda s: np.ones(s), sh, "inv_std", trainable=False)

    def get_output_for(self, input, deterministic=False, **k):
        m = input.mean(self.axes)
        inv = T.inv(T.sqrt(input.var(self.axes) + 1e-4))
        if deterministic:
            mean, inv_std = self.mean, self.inv_std
        else:
            mean, inv_std = m, inv
            rm = theano.clone(self.mean, share_inputs=False)
            ri = theano.clone(self.inv_std, share_inputs=False)
            rm.default_update = 0.9 * rm + 0.1 * m
            ri.default_update = 0.9 * ri + 0.1 * inv
            mean += 0 * rm
            inv_std += 0 * ri
        pa = iter(range(input.ndim - len(self.axes)))
        pattern = ["x" if i in self.axes else next(pa) for i in range(input.ndim)]
        return (input - mean.dimshuffle(pattern)) * (
            self.gamma.dimshuffle(pattern) * inv_std.dimshuffle(pattern)
        ) + self.beta.dimshuffle(pattern)


def layers(l):
    r = []
    while l is not None:
        r.append(l)
        l = l.input_layer
    return r[::-1]


def output(l, inputs=None, **k):
    ls = layers(l)
    x = (
        ls[0].input_var
        if inputs is None
        else T.as_tensor_variable(inputs)
        if not isinstance(inputs, theano.Variable)
        else inputs
    )
    for q in ls[1:]:
        x = q.get_output_for(x, **k)
    return x


def params(l, **tags):
    r = []
    for q in layers(l):
        for p, t in q.params.items():
            if all((n in t) == v for n, v in tags.items()):
                r.append(p)
    return r


def utils_collect_shared(expr):
    v = [e for e in theano.gof.graph.inputs([expr]) if isinstance(e, theano.compile.SharedVariable)]
    return list(OrderedDict.fromkeys(v))


def nesterov(lp, ps, lr, mom=0.9):
    if isinstance(lp, list):
        grads = lp
    else:
        grads = theano.grad(lp, ps)
    u = OrderedDict((p, p - lr * g) for p, g in zip(ps, grads))
    for p in ps:
        v = p.get_value(borrow=True)
        vel = theano.shared(np.zeros(v.shape, dtype=v.dtype), broadcastable=p.broadcastable)
        x = mom * vel + u[p] - p
        u[vel] = x
        u[p] = mom * x + u[p]
    return u


def adam(loss, ps, lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
    gs = theano.grad(loss, ps)
    t_prev = theano.shared(np.asarray(0.0, dtype=floatX))
    u = OrderedDict()
    one = T.constant(1)
    t = t_prev + 1
    a_t = lr * T.sqrt(one - b2**t) / (one - b1**t)
    for p, g in zip(ps, gs):
        v = p.get_value(borrow=True)
        m_ = theano.shared(np.zeros(v.shape, dtype=v.dtype), broadcastable=p.broadcastable)
        v_ = theano.shared(np.zeros(v.shape, dtype=v.dtype), broadcastable=p.broadcastable)
        m = b1 * m_ + (one - b1) * g
        vv = b2 * v_ + (one - b2) * g**2
        u[m_] = m
        u[v_] = vv
        u[p] = p - a_t * m / (T.sqrt(vv) + eps)
    u[t_prev] = t
    return u


def norm_constraint(tv, max_norm, norm_axes=None, epsilon=1e-7):
    ndim = tv.ndim
    if norm_axes is not None:
        sum_over = tuple(norm_axes)
    elif ndim == 2:
        sum_over = (0,)
    else:
        sum_over = tuple(range(1, ndim))
    dtype = np.dtype(theano.config.floatX).type
    norms = T.sqrt(T.sum(T.sqr(tv), axis=sum_over, keepdims=True))
    target = T.clip(norms, 0, dtype(max_norm))
    return tv * (target / (dtype(epsilon) + norms))


def total_norm_constraint(tvs, mx, eps=1e-7):
    norm = T.sqrt(sum(T.sum(t**2) for t in tvs))
    dtype = np.dtype(floatX).type
    target = T.clip(norm, 0, dtype(mx))
    m = target / (dtype(eps) + norm)
    return [s * m for s in tvs]


def layers_with_parameters():
    iv = T.tensor4("inputs")
    tv = T.ivector("targets")
    l = InputLayer((None, 1, 12, 12), iv)
    l = Conv(l, 4, (3, 3), name="c1")
    l = BatchNorm(l)
    l = Pool(l)
    l = Dropout(l, 0.2)
    l = Dense(l, 16, name="d1")
    l = Dense(l, 3, nonlinearity=T.nnet.softmax, name="out")
    pred = output(l)
    loss = T.nnet.categorical_crossentropy(pred, tv).mean()
    reg = 1e-4 * sum(T.sum(p**2) for p in params(l, regularizable=True))
    loss = loss + reg
    ps = params(l, trainable=True)
    assert [str(p) for p in ps][:2] == ["c1.W", "c1.b"]
    for upd in (
        nesterov(loss, ps, 0.01),
        adam(loss, ps, 0.01),
        nesterov(total_norm_constraint(theano.grad(loss, ps), 1.0), ps, 0.05),
    ):
        for p in ps:
            if p.ndim > 1:
                upd[p] = norm_constraint(upd[p], 3.0)
        train = theano.function([iv, tv], loss, updates=upd)
        rng = np.random.RandomState(0)
        X = rng.randn(30, 1, 12, 12).astype(floatX)
        y = rng.randint(0, 3, 30).astype("int32")
        for k in range(3):
            X[y == k] += k
        c = [float(train(X, y)) for _ in range(15)]
        assert np.isfinite(c).all()
    tp = output(l, deterministic=True)
    acc = T.mean(T.eq(T.argmax(tp, axis=1), tv), dtype=theano.config.floatX)
    val = theano.function([iv, tv], [acc])
    assert 0 <= val(X, y)[0] <= 1
    assert set(utils_collect_shared(pred)) >= set(ps)
    np.savez(os.path.join(tempfile.mkdtemp(), "m.npz"), *[p.get_value() for p in params(l)])
    for p, v in zip(params(l), [p.get_value() for p in params(l)]):
        p.set_value(v)


# ---- Blocks style
class Role(object):
    pass


class VariableRole(object):
    pass


def add_role(var, role):
    roles = getattr(var.tag, "roles", [])
    roles.append(role)
    var.tag.roles = roles


def add_annotation(var, a):
    ann = getattr(var.tag, "annotations", [])
    ann.append(a)
    var.tag.annotations = ann


def shared_floatx(value, name=None, borrow=False, dtype=None, **k):
    if dtype is None:
        dtype = theano.config.floatX
    return theano.shared(theano._asarray(value, dtype=dtype), name=name, borrow=borrow, **k)


def shared_like(v, name=None, **k):
    v = T.as_tensor_variable(v)
    if name is None:
        name = "shared_" + str(v.name)
    return theano.shared(np.zeros((0,) * v.ndim, dtype=v.dtype), name=name, **k)


class ComputationGraph(object):
    def __init__(self, outputs):
        self.outputs = outputs if isinstance(outputs, list) else [outputs]
        inputs = theano.gof.graph.inputs(self.outputs)
        self.variables = [v for v in gof.graph.ancestors(self.outputs)]
        seen = set()
        apps = gof.graph.io_toposort(inputs, self.outputs)
        vs = []
        self.updates = OrderedDict()
        self.scans = []
        for a in apps:
            vs.extend(a.inputs)
            vs.extend(a.outputs)
            if isinstance(a.op, theano.scan_module.scan_op.Scan):
                self.scans.append(a.op)
        self.variables = list(OrderedDict.fromkeys(vs))

    @property
    def inputs(self):
        return [
            v
            for v in theano.gof.graph.inputs(self.outputs)
            if not isinstance(v, theano.compile.SharedVariable) and not isinstance(v, theano.Constant)
        ]

    @property
    def shared_variables(self):
        return [v for v in theano.gof.graph.inputs(self.outputs) if isinstance(v, theano.compile.SharedVariable)]

    def replace(self, repl):
        return ComputationGraph(theano.clone(self.outputs, replace=repl))

    def get_theano_function(self, additional_updates=None, **k):
        return theano.function(self.inputs, self.outputs, updates=additional_updates, **k)

    def dict_of_inputs(self):
        return {v.name: v for v in self.inputs}

    def has_inputs(self, v):
        return any(i in self.inputs for i in theano.gof.graph.inputs([v]))


def graphs_searched_and_replaced():
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    x = T.matrix("features")
    y = T.lmatrix("targets")
    W = shared_floatx(np.random.RandomState(0).randn(4, 3) * 0.1, name="W")
    add_role(W, "WEIGHT")
    b = shared_floatx(np.zeros(3), "b")
    add_role(b, "BIAS")
    h = T.dot(x, W) + b
    h.name = "linear_output"
    add_role(h, "OUTPUT")
    add_annotation(h, graphs_searched_and_replaced)
    p = T.nnet.softmax(h)
    cost = T.nnet.categorical_crossentropy(p, y.flatten()).mean()
    cost.name = "cost"
    cg = ComputationGraph(cost)
    assert [v.name for v in cg.inputs] == ["features", "targets"], cg.inputs
    assert {v.name for v in cg.shared_variables} == {"W", "b"}
    weights = [v for v in cg.variables if "WEIGHT" in getattr(v.tag, "roles", [])]
    assert weights == [W]
    lin = [v for v in cg.variables if v.name == "linear_output"][0]
    rng = MRG_RandomStreams(1)
    noisy = cg.replace({lin: lin * rng.binomial(lin.shape, p=0.5, dtype=floatX) / 0.5})
    noisy2 = cg.replace([(W, W + rng.normal(W.shape, std=0.01))])
    f = cg.get_theano_function()
    X = np.random.randn(6, 4).astype(floatX)
    Y = np.arange(6).reshape(6, 1) % 3
    assert np.isfinite(f(X, Y)[0])
    assert np.isfinite(noisy.get_theano_function()(X, Y)[0])
    assert np.isfinite(noisy2.get_theano_function()(features=X, targets=Y)[0])
    # monitoring with accumulators as in aggregation schemes
    assert shared_like(cost, "like").name == "like"
    numer, denom = cost * x.shape[0], x.shape[0]
    den_acc = theano.shared(np.int64(0))
    num_acc = theano.shared(np.asarray(0, dtype=cost.dtype))
    inited = theano.shared(np.float64(0).astype(floatX))
    conditional = theano.ifelse.ifelse(inited, numer + num_acc, numer.copy())
    acc = theano.function(
        [x, y], updates=[(num_acc, conditional), (den_acc, den_acc + denom), (inited, 0.0 * inited + 1)]
    )
    acc(X, Y)
    acc(X, Y)
    assert den_acc.get_value() == 12 and np.allclose(num_acc.get_value() / 12, f(X, Y)[0])
    assert str(cost) == "cost" and repr(W)
    g = T.grad(cost, cg.shared_variables)
    steps = OrderedDict(zip(cg.shared_variables, g))
    steps = OrderedDict((k, -0.1 * v) for k, v in steps.items())
    up = theano.function(cg.inputs, cost, updates=[(k, k + v) for k, v in steps.items()])
    up(features=X, targets=Y)


# ---- Keras 1 style backend
class K(object):
    _uid = {}

    @staticmethod
    def variable(v, dtype=None, name=None):
        v = np.asarray(v, dtype=dtype or floatX)
        r = theano.shared(value=v, name=name, strict=False)
        r._keras_shape = v.shape
        r._uses_learning_phase = False
        return r

    @staticmethod
    def placeholder(shape=None, ndim=None, dtype=None, name=None):
        ndim = ndim or len(shape)
        x = T.TensorType(dtype or floatX, (False,) * ndim)(name)
        x._keras_shape = shape
        x._uses_learning_phase = False
        return x


learning_phase = T.scalar(dtype="uint8", name="keras_learning_phase")


def in_train_phase(x, alt):
    r = theano.ifelse.ifelse(learning_phase, x, alt)
    r._uses_learning_phase = True
    return r


class Fn(object):
    def __init__(self, inputs, outputs, updates=[], **k):
        u = [(a, b) for a, b in updates]
        self.f = theano.function(inputs, outputs, updates=u, allow_input_downcast=True, on_unused_input="ignore", **k)

    def __call__(self, inputs):
        return self.f(*inputs)


def rnn(step, inputs, initial_states, go_backwards=False, mask=None):
    axes = [1, 0] + list(range(2, inputs.ndim))
    inputs = inputs.dimshuffle(axes)
    if mask is not None:
        if mask.ndim == inputs.ndim - 1:
            mask = T.shape_padright(mask)
        mask = mask.dimshuffle([1, 0] + list(range(2, mask.ndim)))

        def _step(input, mask, output_tm1, *states):
            out, new = step(input, states)
            out = T.switch(mask, out, output_tm1)
            return [out] + [T.switch(mask, n, s) for s, n in zip(states, new)]

        io = step(inputs[0], initial_states)[0] * 0
        io = T.unbroadcast(io, 0, 1)
        results, _ = theano.scan(
            _step, sequences=[inputs, mask], outputs_info=[io] + initial_states, go_backwards=go_backwards
        )
    else:

        def _step(input, *states):
            o, n = step(input, states)
            return [o] + n

        results, _ = theano.scan(
            _step, sequences=inputs, outputs_info=[None] + initial_states, go_backwards=go_backwards
        )
    outs = results[0]
    states = results[1:]
    outs = T.squeeze(outs)
    last = outs[-1]
    axes = [1, 0] + list(range(2, outs.ndim))
    return last, outs.dimshuffle(axes), [T.squeeze(s[-1]) for s in states]


def backend_of_functions():
    x = K.placeholder(shape=(None, 5, 3), name="x")
    t = K.placeholder(ndim=2, name="t")
    mask = T.neq(x, 0).any(axis=-1)
    W = K.variable(np.random.RandomState(0).randn(3, 16) * 0.3)
    U = K.variable(np.random.RandomState(1).randn(4, 16) * 0.3)
    b = K.variable(np.zeros(16))
    Wd = K.variable(np.random.RandomState(2).randn(4, 2) * 0.3)

    def hs(v):
        return T.nnet.hard_sigmoid(v)

    def step(x, states):
        h, c = states
        z = T.dot(x, W) + T.dot(h, U) + b
        z0, z1, z2, z3 = z[:, :4], z[:, 4:8], z[:, 8:12], z[:, 12:]
        i, f = hs(z0), hs(z1)
        c = f * c + i * T.tanh(z2)
        o = hs(z3)
        h = o * T.tanh(c)
        return h, [h, c]

    s0 = T.zeros_like(x).sum(axis=(1, 2))
    s0 = T.shape_padright(s0)
    s0 = T.tile(s0, (1, 4))
    last, outs, st = rnn(step, x, [s0, s0], mask=mask)
    from theano.sandbox.rng_mrg import MRG_RandomStreams as RS

    rs = RS(seed=7)
    drop = in_train_phase(last * rs.binomial(last.shape, p=0.8, dtype=last.dtype) / 0.8, last)
    y = T.dot(drop, Wd)
    loss = T.mean(T.square(y - t), axis=-1).mean()
    ps = [W, U, b, Wd]
    gs = T.grad(loss, ps)
    norm = T.sqrt(sum([T.sum(T.square(g)) for g in gs]))
    gs = [T.switch(norm >= 1.0, g * 1.0 / norm, g) for g in gs]
    acc = [K.variable(np.zeros(p.get_value().shape)) for p in ps]
    ups = []
    for p, g, a in zip(ps, gs, acc):
        na = 0.9 * a + 0.1 * T.square(g)
        ups.append((a, na))
        ups.append((p, p - 0.01 * g / T.sqrt(na + 1e-6)))
    train = Fn([x, t, learning_phase], [loss], updates=ups)
    test = Fn([x, t, learning_phase], [loss])
    pred = Fn([x, learning_phase], [y])
    X = np.random.RandomState(0).randn(8, 5, 3)
    X[:4, 3:] = 0
    Tt = X[:, :1, :2].sum(1)
    l0 = test([X, Tt, 0])[0]
    for _ in range(60):
        train([X, Tt, 1])
    assert test([X, Tt, 0])[0] < l0
    assert pred([X, 0])[0].shape == (8, 2)
    # one_hot, gather, resize, batch_dot, sparse cross entropy, moving averages
    idx = T.imatrix()
    oh = T.extra_ops.to_one_hot(idx.flatten(), 6)
    assert theano.function([idx], oh)(np.array([[1, 2]], "int32")).shape == (2, 6)
    im = T.tensor4()
    up = T.extra_ops.repeat(T.extra_ops.repeat(im, 2, axis=2), 2, axis=3)
    assert theano.function([im], up)(np.ones((1, 1, 2, 2), floatX)).shape == (1, 1, 4, 4)
    A, B = T.tensor3s("A", "B")
    bd = T.batched_tensordot(A, B, axes=[[2], [2]])
    assert theano.function([A, B], bd)(np.ones((2, 3, 4), floatX), np.ones((2, 5, 4), floatX)).shape == (2, 3, 5)
    pad = T.zeros((im.shape[0], im.shape[1], im.shape[2] + 2, im.shape[3] + 2))
    ind = (slice(None), slice(None), slice(1, im.shape[2] + 1), slice(1, im.shape[3] + 1))
    assert theano.function([im], T.set_subtensor(pad[ind], im))(np.ones((1, 1, 2, 2), floatX)).sum() == 4
    v = T.concatenate([T.zeros((2,)), T.ones((3,))], axis=0)
    assert v.eval().sum() == 3
    assert theano.function([x], T.nnet.elu(x, 0.5))(np.zeros((1, 1, 1))).shape == (1, 1, 1)


# ---- Ops
class DoubleOp(theano.Op):
    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        (x,) = inputs
        (z,) = output_storage
        z[0] = x * 2

    def infer_shape(self, node, i0_shapes):
        return i0_shapes

    def grad(self, inputs, output_grads):
        return [output_grads[0] * 2]

    def R_op(self, inputs, eval_points):
        if eval_points[0] is None:
            return eval_points
        return self.grad(inputs, eval_points)


class VectorTimesScalar(gof.Op):
    __props__ = ()

    def make_node(self, x, y):
        if x.type.ndim != 1:
            raise TypeError("x must be a 1-d vector")
        if y.type.ndim != 0:
            raise TypeError("y must be a scalar")
        return gof.Apply(
            self, [x, y], [T.TensorType(dtype=theano.scalar.upcast(x.dtype, y.dtype), broadcastable=[False])()]
        )

    def perform(self, node, inp, out):
        out[0][0] = inp[0] * inp[1]

    def c_code_cache_version(self):
        return (1, 0)

    def c_support_code(self):
        return (
            "bool vector_same_shape(PyArrayObject* a, PyArrayObject* b){return PyArray_DIMS(a)[0]==PyArray_DIMS(b)[0];}"
        )

    def c_code(self, node, name, inp, out, sub):
        x, y = inp
        (z,) = out
        fail = sub["fail"]
        return """if (NULL==%(z)s) { %(z)s=(PyArrayObject*)PyArray_EMPTY(1,PyArray_DIMS(%(x)s),NPY_DOUBLE,0); if(!%(z)s) {%(fail)s;} }
        { for(int i=0;i<PyArray_DIMS(%(x)s)[0];i++) ((double*)PyArray_DATA(%(z)s))[i]=((double*)PyArray_DATA(%(x)s))[i]*((double*)PyArray_DATA(%(y)s))[0]; }""" % locals()


class SplitHalf(theano.Op):
    __props__ = ("axis",)

    def __init__(self, axis=0):
        self.axis = axis
        super(SplitHalf, self).__init__()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type(), x.type()])

    def perform(self, node, inp, outs):
        a, b = np.array_split(inp[0], 2, axis=self.axis)
        outs[0][0] = a.copy()
        outs[1][0] = b.copy()

    def grad(self, inp, g):
        (x,) = inp
        a, b = self(x)
        g = [
            (gi if not isinstance(gi.type, theano.gradient.DisconnectedType) else T.zeros_like(o))
            for gi, o in zip(g, (a, b))
        ]
        return [T.join(self.axis, *g)]

    def connection_pattern(self, node):
        return [[True, True]]

    def __str__(self):
        return self.__class__.__name__ + "{%i}" % self.axis


def operations_of_ones_own():
    x = T.matrix()
    f = theano.function([x], DoubleOp()(x))
    v = np.random.rand(5, 4).astype(floatX)
    assert np.allclose(f(v), v * 2)
    assert DoubleOp() == DoubleOp() and hash(DoubleOp()) == hash(DoubleOp()) and str(DoubleOp())
    theano.gradient.verify_grad(DoubleOp(), [np.random.rand(5, 7, 2)], rng=np.random.RandomState(1))
    theano.tests.unittest_tools.verify_grad(DoubleOp(), [np.random.rand(5)])
    if floatX == "float64":
        a, b = T.dvector(), T.dscalar()
        g = theano.function([a, b], VectorTimesScalar()(a, b))
        assert np.allclose(g([1.0, 2.0], 3.0), [3, 6])
    a = T.vector()
    p, q = SplitHalf()(a)
    h = theano.function([a], T.grad((p**2).sum(), a))
    assert np.allclose(h(np.arange(4).astype(floatX)), [0, 2, 0, 0])
    y = T.Rop(DoubleOp()(x), x, x)
    assert np.allclose(theano.function([x], y)(v), 2 * v)

    @theano.compile.ops.as_op(itypes=[T.matrix().type] * 2, otypes=[T.matrix().type])
    def numpy_dot(a, b):
        return a.dot(b)

    assert theano.function([x], numpy_dot(x, x.T)).__call__(v).shape == (5, 5)
    try:
        theano.function([x], T.grad(numpy_dot(x, x).sum(), x))
        assert 0
    except (theano.gradient.NullTypeGradError, NotImplementedError, TypeError):
        pass
    d = pickle.loads(pickle.dumps(DoubleOp()))
    assert d == DoubleOp()


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


def connectionist_costs():
    # log-domain CTC as written by hand
    eps = 1e-12

    def safe_log(x):
        return T.log(T.maximum(x, eps).astype(floatX))

    def safe_exp(x):
        return T.exp(T.minimum(x, 1e5)).astype(floatX)

    def logadd_simple(x, y):
        return x + safe_log(1 + safe_exp(y - x))

    def logadd_adv(x, y):
        mx = T.maximum(x, y)
        mn = T.minimum(x, y)
        return logadd_simple(mx, mn)

    def logadd(x, y, *zs):
        s = logadd_adv(x, y)
        for z in zs:
            s = logadd_adv(s, z)
        return s

    def logmul(x, y):
        return x + y

    y = T.matrix("y")
    lab = T.ivector("lab")
    blank = 3
    labb = T.alloc(np.int32(blank), 2 * lab.shape[0] + 1)
    labb = T.set_subtensor(labb[1::2], lab)
    n = labb.shape[0]
    eye = T.eye(n, dtype=floatX)
    cond = T.neq(labb, T.concatenate([T.alloc(np.int32(-1), 2), labb[:-2]])) * T.neq(labb, blank)
    sec = T.eye(n, k=1, dtype=floatX)
    third = T.eye(n, k=2, dtype=floatX) * cond.dimshuffle("x", 0).astype(floatX)
    rec = eye + sec + third
    pred = y[:, labb]
    probs, _ = theano.scan(
        lambda c, p, r: c * T.dot(p, r), sequences=[pred], outputs_info=[eye[0]], non_sequences=[rec]
    )
    total = T.sum(probs[-1, -2:])
    cost = -T.log(total)
    f = theano.function([y, lab], [cost, T.grad(cost, y)], allow_input_downcast=True)
    rng = np.random.RandomState(0)
    Y = np.exp(rng.randn(7, 4))
    Y /= Y.sum(1, keepdims=True)
    c, g = f(Y, [0, 1, 1])
    from theano.tensor.nnet.ctc import ctc as _ctc

    ref = _ctc(
        T.as_tensor_variable(np.log(Y)[:, None, :][:, :, [3, 0, 1, 2]].astype("float32")),
        T.as_tensor_variable(np.array([[1, 2, 2]], "int32")),
        T.as_tensor_variable(np.array([7], "int32")),
    ).eval()
    assert np.allclose(c, ref, rtol=1e-3), (c, ref)
    # log-domain
    log_pred = safe_log(pred)
    lr = safe_log(rec)
    first = T.log(eye[0] + 1e-30)

    def step(c, prev):
        return logmul(
            c,
            logadd(
                prev,
                T.concatenate([T.alloc(np.asarray(-1e5, floatX), 1), prev[:-1]]),
                T.concatenate([T.alloc(np.asarray(-1e5, floatX), 2), prev[:-2]]) + safe_log(cond.astype(floatX)),
            ),
        )

    lp, _ = theano.scan(step, sequences=[log_pred], outputs_info=[first])
    lc = -logadd(lp[-1, -1], lp[-1, -2])
    h = theano.function([y, lab], [lc, T.grad(lc, y)], allow_input_downcast=True)
    c2, g2 = h(Y, [0, 1, 1])
    assert np.allclose(c, c2, rtol=1e-4), (c, c2)
    assert np.allclose(g, g2, rtol=1e-3, atol=1e-5)


def digits():
    from theano.tensor.signal import downsample, pool
    from theano.tensor.nnet import conv2d

    class LogisticRegression(object):
        def __init__(self, input, n_in, n_out):
            self.W = theano.shared(value=numpy.zeros((n_in, n_out), dtype=theano.config.floatX), name="W", borrow=True)
            self.b = theano.shared(value=numpy.zeros((n_out,), dtype=theano.config.floatX), name="b", borrow=True)
            self.p_y_given_x = T.nnet.softmax(T.dot(input, self.W) + self.b)
            self.y_pred = T.argmax(self.p_y_given_x, axis=1)
            self.params = [self.W, self.b]
            self.input = input

        def negative_log_likelihood(self, y):
            return -T.mean(T.log(self.p_y_given_x)[T.arange(y.shape[0]), y])

        def errors(self, y):
            if y.ndim != self.y_pred.ndim:
                raise TypeError(
                    "y should have the same shape as self.y_pred", ("y", y.type, "y_pred", self.y_pred.type)
                )
            if y.dtype.startswith("int"):
                return T.mean(T.neq(self.y_pred, y))
            else:
                raise NotImplementedError()

    class HiddenLayer(object):
        def __init__(self, rng, input, n_in, n_out, W=None, b=None, activation=T.tanh):
            if W is None:
                v = numpy.asarray(
                    rng.uniform(
                        low=-numpy.sqrt(6.0 / (n_in + n_out)), high=numpy.sqrt(6.0 / (n_in + n_out)), size=(n_in, n_out)
                    ),
                    dtype=theano.config.floatX,
                )
                if activation == theano.tensor.nnet.sigmoid:
                    v *= 4
                W = theano.shared(value=v, name="W", borrow=True)
            if b is None:
                b = theano.shared(value=numpy.zeros((n_out,), dtype=theano.config.floatX), name="b", borrow=True)
            lin = T.dot(input, W) + b
            self.output = lin if activation is None else activation(lin)
            self.params = [W, b]

    class LeNetConvPoolLayer(object):
        def __init__(self, rng, input, filter_shape, image_shape, poolsize=(2, 2)):
            assert image_shape[1] == filter_shape[1]
            fan_in = numpy.prod(filter_shape[1:])
            fan_out = filter_shape[0] * numpy.prod(filter_shape[2:]) // numpy.prod(poolsize)
            B = numpy.sqrt(6.0 / (fan_in + fan_out))
            self.W = theano.shared(
                numpy.asarray(rng.uniform(low=-B, high=B, size=filter_shape), dtype=theano.config.floatX), borrow=True
            )
            self.b = theano.shared(value=numpy.zeros((filter_shape[0],), dtype=theano.config.floatX), borrow=True)
            conv_out = conv2d(input=input, filters=self.W, filter_shape=filter_shape, input_shape=image_shape)
            pooled = pool.pool_2d(input=conv_out, ds=poolsize, ignore_border=True)
            self.output = T.tanh(pooled + self.b.dimshuffle("x", 0, "x", "x"))
            self.params = [self.W, self.b]

    rng = numpy.random.RandomState(23455)
    bs = 20
    x = T.matrix("x")
    y = T.ivector("y")
    index = T.lscalar()
    l0i = x.reshape((bs, 1, 28, 28))
    l0 = LeNetConvPoolLayer(rng, l0i, (4, 1, 5, 5), (bs, 1, 28, 28))
    l1 = LeNetConvPoolLayer(rng, l0.output, (6, 4, 5, 5), (bs, 4, 12, 12))
    l2 = HiddenLayer(rng, l1.output.flatten(2), 6 * 4 * 4, 20, activation=T.tanh)
    l3 = LogisticRegression(l2.output, 20, 10)
    cost = l3.negative_log_likelihood(y)
    params = l3.params + l2.params + l1.params + l0.params
    grads = T.grad(cost, params)
    updates = [(p, p - 0.1 * g) for p, g in zip(params, grads)]
    X = theano.shared(numpy.asarray(rng.rand(60, 784), dtype=floatX), borrow=True)
    Y = T.cast(theano.shared(numpy.asarray(rng.randint(0, 10, 60), dtype=floatX), borrow=True), "int32")
    train = theano.function(
        [index],
        cost,
        updates=updates,
        givens={x: X[index * bs : (index + 1) * bs], y: Y[index * bs : (index + 1) * bs]},
    )
    test = theano.function(
        [index], l3.errors(y), givens={x: X[index * bs : (index + 1) * bs], y: Y[index * bs : (index + 1) * bs]}
    )
    c = [train(k % 3) for k in range(30)]
    assert c[-1] < c[0]
    assert 0 <= test(0) <= 1
    n_train = X.get_value(borrow=True).shape[0] // bs
    assert n_train == 3


def reviews():
    def numpy_floatX(d):
        return numpy.asarray(d, dtype=theano.config.floatX)

    opt = OrderedDict(dim_proj=8, n_words=30, ydim=2, encoder="lstm")
    rng = numpy.random.RandomState(0)

    def _p(pp, name):
        return "%s_%s" % (pp, name)

    def ortho(n):
        u, s, v = numpy.linalg.svd(rng.randn(n, n))
        return u.astype(floatX)

    params = OrderedDict()
    d = 8
    params["Wemb"] = (0.01 * rng.rand(30, d)).astype(floatX)
    params["lstm_W"] = numpy.concatenate([ortho(d)] * 4, axis=1)
    params["lstm_U"] = numpy.concatenate([ortho(d)] * 4, axis=1)
    params["lstm_b"] = numpy.zeros((4 * d,)).astype(floatX)
    params["U"] = 0.01 * rng.randn(d, 2).astype(floatX)
    params["b"] = numpy.zeros((2,)).astype(floatX)
    tparams = OrderedDict((k, theano.shared(v, name=k)) for k, v in params.items())
    trng = theano.sandbox.rng_mrg.MRG_RandomStreams(123)
    use_noise = theano.shared(numpy_floatX(0.0))

    def dropout_layer(state, use_noise, trng):
        return T.switch(use_noise, (state * trng.binomial(state.shape, p=0.5, n=1, dtype=state.dtype)), state * 0.5)

    def lstm_layer(tparams, state_below, mask=None, prefix="lstm"):
        nsteps = state_below.shape[0]
        if state_below.ndim == 3:
            n_samples = state_below.shape[1]
        else:
            n_samples = 1
        assert mask is not None

        def _slice(_x, n, dim):
            if _x.ndim == 3:
                return _x[:, :, n * dim : (n + 1) * dim]
            return _x[:, n * dim : (n + 1) * dim]

        def _step(m_, x_, h_, c_):
            preact = T.dot(h_, tparams[_p(prefix, "U")])
            preact += x_
            i = T.nnet.sigmoid(_slice(preact, 0, d))
            f = T.nnet.sigmoid(_slice(preact, 1, d))
            o = T.nnet.sigmoid(_slice(preact, 2, d))
            c = T.tanh(_slice(preact, 3, d))
            c = f * c_ + i * c
            c = m_[:, None] * c + (1.0 - m_)[:, None] * c_
            h = o * T.tanh(c)
            h = m_[:, None] * h + (1.0 - m_)[:, None] * h_
            return h, c

        state_below = T.dot(state_below, tparams[_p(prefix, "W")]) + tparams[_p(prefix, "b")]
        rval, updates = theano.scan(
            _step,
            sequences=[mask, state_below],
            outputs_info=[T.alloc(numpy_floatX(0.0), n_samples, d), T.alloc(numpy_floatX(0.0), n_samples, d)],
            name=_p(prefix, "_layers"),
            n_steps=nsteps,
        )
        return rval[0]

    x = T.matrix("x", dtype="int64")
    mask = T.matrix("mask", dtype=floatX)
    y = T.vector("y", dtype="int64")
    n_timesteps = x.shape[0]
    n_samples = x.shape[1]
    emb = tparams["Wemb"][x.flatten()].reshape([n_timesteps, n_samples, d])
    proj = lstm_layer(tparams, emb, mask=mask)
    proj = (proj * mask[:, :, None]).sum(axis=0)
    proj = proj / mask.sum(axis=0)[:, None]
    proj = dropout_layer(proj, use_noise, trng)
    pred = T.nnet.softmax(T.dot(proj, tparams["U"]) + tparams["b"])
    f_pred_prob = theano.function([x, mask], pred, name="f_pred_prob")
    f_pred = theano.function([x, mask], pred.argmax(axis=1), name="f_pred")
    off = 1e-8
    if pred.dtype == "float16":
        off = 1e-6
    cost = -T.log(pred[T.arange(n_samples), y] + off).mean()
    decay_c = theano.shared(numpy_floatX(1e-4), name="decay_c")
    weight_decay = (tparams["U"] ** 2).sum()
    weight_decay *= decay_c
    cost += weight_decay
    f_cost = theano.function([x, mask, y], cost, name="f_cost")
    grads = T.grad(cost, wrt=list(tparams.values()))
    f_grad = theano.function([x, mask, y], grads, name="f_grad")
    lr = T.scalar(name="lr")

    def adadelta(lr, tparams, grads, x, mask, y, cost):
        zg = [theano.shared(p.get_value() * numpy_floatX(0.0), name="%s_grad" % k) for k, p in tparams.items()]
        ru2 = [theano.shared(p.get_value() * numpy_floatX(0.0), name="%s_rup2" % k) for k, p in tparams.items()]
        rg2 = [theano.shared(p.get_value() * numpy_floatX(0.0), name="%s_rgrad2" % k) for k, p in tparams.items()]
        zgup = [(zg_, g) for zg_, g in zip(zg, grads)]
        rg2up = [(r, 0.95 * r + 0.05 * (g**2)) for r, g in zip(rg2, grads)]
        f_grad_shared = theano.function([x, mask, y], cost, updates=zgup + rg2up, name="adadelta_f_grad_shared")
        updir = [-T.sqrt(a + 1e-6) / T.sqrt(b + 1e-6) * z for z, a, b in zip(zg, ru2, rg2)]
        ru2up = [(r, 0.95 * r + 0.05 * (u**2)) for r, u in zip(ru2, updir)]
        pup = [(p, p + u) for p, u in zip(tparams.values(), updir)]
        f_update = theano.function([lr], [], updates=ru2up + pup, on_unused_input="ignore", name="adadelta_f_update")
        return f_grad_shared, f_update

    a, b = adadelta(lr, tparams, grads, x, mask, y, cost)
    X = rng.randint(0, 30, (9, 12))
    Yv = (X[0] > 15).astype("int64")
    Mk = numpy.ones((9, 12), floatX)
    Mk[6:, :5] = 0
    use_noise.set_value(numpy_floatX(1.0))
    c = []
    for k in range(40):
        c.append(a(X, Mk, Yv))
        b(0.01)
    use_noise.set_value(numpy_floatX(0.0))
    assert numpy.isfinite(c).all() and f_cost(X, Mk, Yv) < 0.75 and f_pred(X, Mk).shape == (12,)
    path = os.path.join(tempfile.mkdtemp(), "lstm.npz")
    numpy.savez(path, history_errs=[], **{k: v.get_value() for k, v in tparams.items()})
    z = numpy.load(path)
    tparams["U"].set_value(z["U"])


def recurrent_boltzmann():
    rng = RandomStreams(seed=77)
    nv, nh, nr = 6, 5, 4

    def sh(*s):
        return theano.shared((numpy.random.RandomState(1).normal(0, 0.1, s)).astype(floatX))

    W, bv, bh, Wuh, Wuv, Wvu, Wuu, bu = (
        sh(nv, nh),
        sh(nv),
        sh(nh),
        sh(nr, nh),
        sh(nr, nv),
        sh(nv, nr),
        sh(nr, nr),
        sh(nr),
    )
    params = [W, bv, bh, Wuh, Wuv, Wvu, Wuu, bu]
    v = T.matrix()
    u0 = T.zeros((nr,))

    def build_rbm(v, W, bv, bh, k):
        def gibbs_step(v):
            mean_h = T.nnet.sigmoid(T.dot(v, W) + bh)
            h = rng.binomial(size=mean_h.shape, n=1, p=mean_h, dtype=theano.config.floatX)
            mean_v = T.nnet.sigmoid(T.dot(h, W.T) + bv)
            v = rng.binomial(size=mean_v.shape, n=1, p=mean_v, dtype=theano.config.floatX)
            return mean_v, v

        chain, updates = theano.scan(lambda v: gibbs_step(v)[1], outputs_info=[v], n_steps=k)
        v_sample = chain[-1]
        mean_v = gibbs_step(v_sample)[0]
        monitor = -T.nnet.binary_crossentropy(mean_v, v)
        monitor = monitor.sum() / v.shape[0]

        def fe(v):
            return -(v * bv).sum() - T.log(1 + T.exp(T.dot(v, W) + bh)).sum()

        cost = (fe(v) - fe(v_sample)) / v.shape[0]
        return v_sample, cost, monitor, updates

    def recurrence(v_t, u_tm1):
        bv_t = bv + T.dot(u_tm1, Wuv)
        bh_t = bh + T.dot(u_tm1, Wuh)
        gen = v_t is None
        if gen:
            v_t, _, _, updates = build_rbm(T.zeros((nv,)), W, bv_t, bh_t, k=5)
        u_t = T.tanh(bu + T.dot(v_t, Wvu) + T.dot(u_tm1, Wuu))
        return ([v_t, u_t], updates) if gen else [u_t, bv_t, bh_t]

    (u_t, bv_t, bh_t), updates_train = theano.scan(
        lambda v_t, u_tm1, *_: recurrence(v_t, u_tm1), sequences=v, outputs_info=[u0, None, None], non_sequences=params
    )
    v_sample, cost, monitor, updates_rbm = build_rbm(v, W, bv_t[:], bh_t[:], k=3)
    updates_train.update(updates_rbm)
    (v_t, u_t), updates_generate = theano.scan(
        lambda u_tm1, *_: recurrence(None, u_tm1), outputs_info=[None, u0], non_sequences=params, n_steps=10
    )
    g = T.grad(cost, params, consider_constant=[v_sample])
    updates_train.update(((p, p - 0.01 * q) for p, q in zip(params, g)))
    train = theano.function([v], monitor, updates=updates_train)
    gen = theano.function([], v_t, updates=updates_generate)
    d = (numpy.random.RandomState(0).uniform(size=(12, nv)) < 0.3).astype(floatX)
    c = [train(d) for _ in range(20)]
    assert numpy.isfinite(c).all() and gen().shape == (10, nv)


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


class Double(gof.Type):
    def filter(self, x, strict=0, allow_downcast=None):
        if strict and not isinstance(x, float):
            raise TypeError("Expected a float!")
        return float(x)

    def values_eq_approx(self, x, y, tolerance=1e-4):
        return abs(x - y) / (abs(x) + abs(y)) < tolerance

    def __str__(self):
        return "double"


double = Double()


class BinaryDoubleOp(gof.Op):
    __props__ = ("name", "fn")

    def __init__(self, name, fn):
        self.name = name
        self.fn = fn

    def make_node(self, x, y):
        if isinstance(x, (int, float)):
            x = gof.Constant(double, x)
        if isinstance(y, (int, float)):
            y = gof.Constant(double, y)
        if x.type != double or y.type != double:
            raise TypeError("%s only works on doubles" % self.name)
        return gof.Apply(self, [x, y], [double()])

    def perform(self, node, inp, out):
        out[0][0] = self.fn(inp[0], inp[1])

    def __str__(self):
        return self.name


def type_of_ones_own():
    mul = BinaryDoubleOp("mul", lambda x, y: x * y)
    add = BinaryDoubleOp("add", lambda x, y: x + y)
    x, y = double("x"), double("y")
    f = theano.function([x, y], mul(add(x, 2.0), y))
    assert f(5, 6) == 42 and f(5.5, 2.0) == 15.0
    assert double == Double() and double.is_valid_value(3.0) and not double.is_valid_value(3)
    assert double.values_eq_approx(1.0, 1.00001) and double.is_super(Double())
    try:
        mul(T.dscalar(), y)
        assert False
    except TypeError as error:
        assert "only works on doubles" in str(error)


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
