"""The marker ``feature``. An id that does not exist, or that comes later, stops the collection."""

import pytest

from tests.features import features, ids_of, later


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "feature(*ids): the features of docs/features.tsv that this test proves"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known, put_off = features().keys(), later().keys()
    for item in items:
        for id in ids_of(item):
            if id not in known:
                raise pytest.UsageError(f"{item.nodeid}: no feature {id} in docs/features.tsv")
            if id in put_off:
                raise pytest.UsageError(f"{item.nodeid}: {id} is proven, take it off later.tsv")
