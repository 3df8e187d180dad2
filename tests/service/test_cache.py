"""The cache evicts least recently used entries, also with several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from service.cache import BoundedCache


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_threads_never_make_it_larger_or_wrong() -> None:
    cache: BoundedCache[int, int] = BoundedCache(50)

    def work(start: int) -> None:
        for number in range(start, start + 2000):
            cache.put(number % 97, number % 97)
            assert cache.get(number % 89) in (None, number % 89)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(cache) == 50
