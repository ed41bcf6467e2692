import numpy as np

from model.feature_store import FeatureKey, FeatureStore

ALICE, DAN = FeatureKey("alice", None), FeatureKey("dan", None)


def features(kib: int) -> np.ndarray:
    return np.zeros(kib * 256, np.float32)


def test_the_least_recently_used_picture_goes_first() -> None:
    store = FeatureStore(limit_bytes=2048)
    store.put(ALICE, features(1))
    store.put(DAN, features(1))
    assert store.get(ALICE) is not None
    store.put(FeatureKey("bob", None), features(1))
    assert store.get(DAN) is None
    assert store.get(ALICE) is not None
    assert store.used_bytes == 2048


def test_a_forgotten_picture_is_gone_under_every_adapter() -> None:
    store = FeatureStore()
    store.put(ALICE, features(1))
    store.put(FeatureKey("alice", "knees"), features(1))
    store.put(DAN, features(1))
    store.forget("alice")
    assert store.get(ALICE) is None
    assert store.get(FeatureKey("alice", "knees")) is None
    assert store.get(DAN) is not None
    assert store.used_bytes == 1024


def test_putting_a_picture_twice_counts_it_once() -> None:
    store = FeatureStore()
    store.put(ALICE, features(1))
    store.put(ALICE, features(2))
    assert store.used_bytes == 2048


def test_what_is_larger_than_the_limit_or_has_no_digest_is_not_kept() -> None:
    store = FeatureStore(limit_bytes=1024)
    store.put(ALICE, features(2))
    store.put(FeatureKey("", None), features(1))
    assert store.used_bytes == 0
