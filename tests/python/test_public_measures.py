"""Measures of quality against public code, on the same features; each part where its package is installed, aloud without."""

import importlib

import farfield as ff
import numpy as np
import pytest
import torch


def public(name):
    """The module, or a skip that says which package is missing."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:  # torchvision of another torch is a RuntimeError
        pytest.skip(f"{name} cannot be imported: {error}")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Two files of features, 16 numbers, 400 and 300 rows, and the arrays."""
    folder = tmp_path_factory.mktemp("features")
    draw = np.random.default_rng(7)
    mix = draw.normal(size=(16, 16)) / 4
    data, samples = draw.normal(size=(400, 16)) @ mix + 1, draw.normal(size=(300, 16)) @ mix * 0.9 + 1.1
    for name, rows in (("data", data), ("samples", samples)):
        np.savez(folder / f"{name}.npz", features=rows)
    return str(folder / "samples.npz"), str(folder / "data.npz"), samples, data


def moments(rows):
    return rows.mean(0), np.cov(rows, rowvar=False)


def test_frechet_distances_are_clean_fids(sets):
    clean = public("cleanfid.fid")
    ours = ff.quality(sets[0], sets[1], measures="fd", bootstrap=0).measures["fd"]
    theirs = clean.frechet_distance(*moments(sets[2]), *moments(sets[3]))
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_frechet_distances_are_torch_fidelitys(sets):
    fidelity = public("torch_fidelity.metric_fid")
    sides = [dict(zip(("mu", "sigma"), moments(rows))) for rows in sets[2:]]
    theirs = fidelity.fid_statistics_to_metric(*sides, False)["frechet_inception_distance"]
    assert ff.quality(sets[0], sets[1], measures="fd", bootstrap=0).measures["fd"] == pytest.approx(theirs, rel=1e-9)


@pytest.fixture(scope="module")
def equal_sets(sets, tmp_path_factory):
    """As many rows of both, so that a subset of the public codes holds all."""
    file = str(tmp_path_factory.mktemp("equal") / "data.npz")
    np.savez(file, features=sets[3][:300])
    return sets[0], file, sets[2], sets[3][:300]


def test_kernel_distances_are_torch_fidelitys(equal_sets):
    fidelity = public("torch_fidelity.metric_kid")
    rows = [torch.from_numpy(rows) for rows in equal_sets[2:]]
    found = fidelity.kid_features_to_metric(*rows, kid_subsets=1, kid_subset_size=300, verbose=False)
    ours = ff.quality(equal_sets[0], equal_sets[1], measures="kid").measures["kid_of_all"]
    assert ours == pytest.approx(found["kernel_inception_distance_mean"], rel=1e-9, abs=1e-12)


def test_kernel_distances_are_clean_fids(equal_sets):
    clean = public("cleanfid.fid")
    theirs = clean.kernel_distance(*equal_sets[2:], num_subsets=1, max_subset_size=300)
    ours = ff.quality(equal_sets[0], equal_sets[1], measures="kid").measures["kid_of_all"]
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_precision_recall_density_coverage_are_prdcs(sets):
    prdc = public("prdc")
    ours = ff.quality(sets[0], sets[1], measures="pr,dc").measures
    manifold = prdc.compute_prdc(real_features=sets[3], fake_features=sets[2], nearest_k=3)
    assert ours["precision"] == manifold["precision"] and ours["recall"] == manifold["recall"]
    naeem = prdc.compute_prdc(real_features=sets[3], fake_features=sets[2], nearest_k=5)
    assert ours["density"] == pytest.approx(naeem["density"], rel=1e-12) and ours["coverage"] == naeem["coverage"]


def test_precision_and_recall_are_torch_fidelitys(sets):
    fidelity = public("torch_fidelity.metric_prc")
    generated, real = (torch.from_numpy(rows) for rows in sets[2:])
    found = fidelity.prc_features_to_metric(generated, real, prc_neighborhood=3, prc_batch_size=1000, save_cpu_ram=False,
                                            verbose=False)
    ours = ff.quality(sets[0], sets[1], measures="pr").measures
    for name in ("precision", "recall"):
        assert ours[name] == pytest.approx(found[name], abs=1e-7)  # theirs are float32 shares
