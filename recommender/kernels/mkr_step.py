"""Numba loops of one training step of MKR: gather rows, forward, backward, Adam.

- `gather_rows`: update the batch's embedding rows, index repeated ones
- `item_tower`: Eq. 2–6 and 16–18 and their gradients, sample by sample, in the cache
- `scatter_rows`: sum the gradients of repeated rows and apply Adam to each

The user tower's matrix products in between are torch's. Forward and backward passes of a sample are
fused, so that no [batch, dim] intermediates except the user's are stored.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from recommender.kernels.adam_rows import catch_up, step_rows

__all__ = ["adam_dense", "gather_rows", "item_tower", "relu_backward", "scatter_rows"]

_FAST = {"reassoc", "contract", "nsz"}  # allows reordering of sums, but keeps NaN and infinity


@njit(cache=True, nogil=True)
def gather_rows(
    ids: Any,
    slot: Any,
    rows: Any,
    slots: Any,
    theta: Any,
    m: Any,
    v: Any,
    last: Any,
    carry: Any,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> int:  # pragma: no cover
    """Find the distinct ids and update their rows to step t.

    Args:
        ids: int64 [b], with repetitions.
        slot: int64 [n] of -1, scratch, restored.
        rows: int64 [b], filled with the distinct ids.
        slots: int64 [b], filled with each id's position in `rows`.
        theta, m, v, last, carry, t, lr, beta1, beta2, eps: see `adam_rows.catch_up`.

    Returns:
        The number of distinct ids.
    """
    count = 0
    for k in range(len(ids)):
        row = ids[k]
        if slot[row] < 0:
            slot[row] = count
            rows[count] = row
            count += 1
        slots[k] = slot[row]
    for k in range(count):
        slot[rows[k]] = -1
    catch_up(theta, m, v, last, rows[:count], carry, t, lr, beta1, beta2, eps)
    return count


@njit(cache=True, nogil=True)
def scatter_rows(
    gradient: Any,
    slots: Any,
    total: Any,
    rows: Any,
    count: int,
    theta: Any,
    m: Any,
    v: Any,
    last: Any,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> None:  # pragma: no cover
    """Sum `gradient` [b, dim] of equal rows into `total` and apply Adam's step t to each."""
    total[:count] = 0.0
    for k in range(len(slots)):
        row = slots[k]
        for j in range(gradient.shape[1]):
            total[row, j] += gradient[k, j]
    step_rows(theta, m, v, last, rows[:count], total, t, lr, beta1, beta2, eps)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def adam_dense(
    theta: Any,
    m: Any,
    v: Any,
    gradient: Any,
    n_decay: int,
    decay: float,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> float:  # pragma: no cover
    """Adam's step t on flat arrays; the first `n_decay` also have the penalty decay · θ².

    Returns:
        The penalty's value.
    """
    one, two_decay = theta.dtype.type(1.0), theta.dtype.type(2.0 * decay)
    b1, b2 = theta.dtype.type(beta1), theta.dtype.type(beta2)
    correction = math.sqrt(1.0 - beta2**t)
    rate = theta.dtype.type(lr * correction / (1.0 - beta1**t))
    small = theta.dtype.type(eps * correction)
    penalty = 0.0
    if decay > 0.0:
        for j in range(n_decay):
            penalty += theta[j] * theta[j]
            gradient[j] += two_decay * theta[j]
    for j in range(len(theta)):
        g = gradient[j]
        first = b1 * m[j] + (one - b1) * g
        second = b2 * v[j] + (one - b2) * g * g
        m[j] = first
        v[j] = second
        theta[j] -= rate * first / (math.sqrt(second) + small)
    return decay * penalty


@njit(cache=True, nogil=True, fastmath=_FAST)
def relu_backward(gradient: Any, output: Any, bias_gradient: Any) -> None:  # pragma: no cover
    """Zero `gradient` [b, dim] where ReLU's `output` is 0, and sum it into `bias_gradient`."""
    bias_gradient[:] = 0.0
    zero = gradient.dtype.type(0.0)
    for k in range(len(gradient)):
        for j in range(gradient.shape[1]):
            g = gradient[k, j] if output[k, j] > zero else zero
            gradient[k, j] = g
            bias_gradient[j] += g


@njit(cache=True, nogil=True)
def _logit(score: float, mixture: int) -> tuple[float, float]:  # pragma: no cover
    """The mixture of Eq. 3 and its derivative; `mixture` has bit 1 for S1, 2 for T, 4 for S2."""
    if mixture == 0:
        return score, 1.0
    total, slope, parts = 0.0, 0.0, 0
    if mixture & 1:
        sigmoid = 1.0 / (1.0 + math.exp(-score)) if score > -700.0 else 0.0
        total += sigmoid
        slope += sigmoid * (1.0 - sigmoid)
        parts += 1
    if mixture & 2:
        tanh = math.tanh(score)
        total += tanh
        slope += 1.0 - tanh * tanh
        parts += 1
    if mixture & 4:
        size = 1.0 + abs(score)
        total += score / size
        slope += 1.0 / (size * size)
        parts += 1
    return total / parts, slope / parts


@njit(cache=True, nogil=True)
def _cross_entropy(logit: float, label: float) -> tuple[float, float]:  # pragma: no cover
    """J(σ(logit), label) and its derivative, without overflow."""
    small = math.exp(-abs(logit))
    loss = max(logit, 0.0) - logit * label + math.log1p(small)
    probability = 1.0 / (1.0 + small) if logit >= 0.0 else small / (1.0 + small)
    return loss, probability - label


@njit(inline="always")
def _forward(
    vs: Any, es: Any, weights: Any, biases: Any, coefficients: Any
) -> None:  # pragma: no cover
    """C^L(v, e) of one sample, Eq. 16-18 without the product matrix, from vs[0] and es[0]."""
    dim, n_layers = vs.shape[1], len(weights)
    zero = vs.dtype.type(0.0)
    for layer in range(n_layers):
        e_vv, v_ev, e_ve, v_ee = zero, zero, zero, zero
        for j in range(dim):
            e_vv += es[layer, j] * weights[layer, 0, j]
            v_ev += vs[layer, j] * weights[layer, 1, j]
        for j in range(dim):
            vs[layer + 1, j] = vs[layer, j] * e_vv + es[layer, j] * v_ev + biases[layer, 0, j]
        if layer + 1 < n_layers:
            for j in range(dim):
                e_ve += es[layer, j] * weights[layer, 2, j]
                v_ee += vs[layer, j] * weights[layer, 3, j]
            for j in range(dim):
                es[layer + 1, j] = vs[layer, j] * e_ve + es[layer, j] * v_ee + biases[layer, 1, j]
        coefficients[layer, 0] = e_vv
        coefficients[layer, 1] = v_ev
        coefficients[layer, 2] = e_ve
        coefficients[layer, 3] = v_ee


@njit(inline="always")
def _backward(
    vs: Any, es: Any, weights: Any, coefficients: Any, weight_gradient: Any, bias_gradient: Any
) -> None:  # pragma: no cover
    """Replace vs[l + 1] and es[l + 1] by the gradients of layer l's output, from vs[L] down.

    Finally vs[0] and es[0] are the gradients of v and e.
    """
    dim, n_layers = vs.shape[1], len(weights)
    zero = vs.dtype.type(0.0)
    for layer in range(n_layers - 1, -1, -1):
        e_vv, v_ev = coefficients[layer, 0], coefficients[layer, 1]
        e_ve, v_ee = coefficients[layer, 2], coefficients[layer, 3]
        d_vv, d_ev, d_ve, d_ee = zero, zero, zero, zero
        for j in range(dim):
            d_vv += vs[layer + 1, j] * vs[layer, j]
            d_ev += vs[layer + 1, j] * es[layer, j]
        for j in range(dim):
            weight_gradient[layer, 0, j] += d_vv * es[layer, j]
            weight_gradient[layer, 1, j] += d_ev * vs[layer, j]
        for j in range(dim):
            bias_gradient[layer, 0, j] += vs[layer + 1, j]
        if layer + 1 == n_layers:
            for j in range(dim):
                g = vs[layer + 1, j]
                vs[layer, j] = g * e_vv + d_ev * weights[layer, 1, j]
                es[layer, j] = g * v_ev + d_vv * weights[layer, 0, j]
        else:
            for j in range(dim):
                d_ve += es[layer + 1, j] * vs[layer, j]
                d_ee += es[layer + 1, j] * es[layer, j]
            for j in range(dim):
                weight_gradient[layer, 2, j] += d_ve * es[layer, j]
                weight_gradient[layer, 3, j] += d_ee * vs[layer, j]
            for j in range(dim):
                bias_gradient[layer, 1, j] += es[layer + 1, j]
            for j in range(dim):
                g, h = vs[layer + 1, j], es[layer + 1, j]
                vs[layer, j] = (
                    g * e_vv + h * e_ve + d_ev * weights[layer, 1, j] + d_ee * weights[layer, 3, j]
                )
                es[layer, j] = (
                    g * v_ev + h * v_ee + d_vv * weights[layer, 0, j] + d_ve * weights[layer, 2, j]
                )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def item_tower(
    user: Any,
    labels: Any,
    items: Any,
    entities: Any,
    item_place: Any,
    entity_place: Any,
    n_items: int,
    n_entities: int,
    V: Any,
    E: Any,
    weights: Any,
    biases: Any,
    mixture: int,
    scale: float,
    decay: float,
    user_gradient: Any,
    item_gradient: Any,
    entity_gradient: Any,
    weight_gradient: Any,
    bias_gradient: Any,
    vs: Any,
    es: Any,
    coefficients: Any,
) -> float:  # pragma: no cover
    """Loss and gradients of a batch, given the user tower's last ReLU input.

    Args:
        user: [b, dim], the user tower's last layer before its ReLU; u_L afterwards.
        labels: int64 [b].
        items, entities: int64 [b], rows of `V` and `E`.
        item_place, entity_place: int64 [b], each row's index among the distinct ones.
        n_items, n_entities: numbers of distinct rows.
        V, E: the embedding tables, with these rows updated.
        weights: [L, 4, dim], w^VV, w^EV, w^VE, w^EE of each unit.
        biases: [L, 2, dim], b^V and b^E of each unit.
        mixture: see `_logit`.
        scale: weight of each sample's cross-entropy.
        decay: λ₂.
        user_gradient: [b, dim], filled with the gradient before the ReLU.
        item_gradient, entity_gradient: [b, dim], filled for the distinct rows.
        weight_gradient, bias_gradient: as `weights` and `biases`, filled.
        vs, es: [L + 1, dim] scratch; coefficients: [L, 4] scratch.

    Returns:
        The loss, without the penalty on `weights`.
    """
    dim, n_layers = user.shape[1], len(weights)
    kind = user.dtype.type
    zero, two_decay = kind(0.0), kind(2.0 * decay)
    item_gradient[:n_items] = zero
    entity_gradient[:n_entities] = zero
    weight_gradient[:] = zero
    bias_gradient[:] = zero
    loss = 0.0
    for k in range(len(labels)):
        item, entity = items[k], entities[k]
        for j in range(dim):
            vs[0, j] = V[item, j]
        for j in range(dim):
            es[0, j] = E[entity, j]
        _forward(vs, es, weights, biases, coefficients)
        # f_RS, Eq. 3 and J
        score, user_square, item_square = zero, zero, zero
        for j in range(dim):
            u = max(user[k, j], zero)
            user[k, j] = u
            score += u * vs[n_layers, j]
            user_square += u * u
            item_square += vs[n_layers, j] * vs[n_layers, j]
        logit, slope = _logit(float(score), mixture)
        entropy, error = _cross_entropy(logit, float(labels[k]))
        loss += scale * entropy + decay * (float(user_square) + float(item_square))
        push = kind(scale * error * slope)
        # Backwards
        for j in range(dim):
            u, v = user[k, j], vs[n_layers, j]
            user_gradient[k, j] = push * v + two_decay * u if u > zero else zero
            vs[n_layers, j] = push * u + two_decay * v
        _backward(vs, es, weights, coefficients, weight_gradient, bias_gradient)
        row = item_place[k]
        for j in range(dim):
            item_gradient[row, j] += vs[0, j]
        row = entity_place[k]
        for j in range(dim):
            entity_gradient[row, j] += es[0, j]
    return loss
