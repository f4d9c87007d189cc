"""Whatever happens in whatever order: no token near its end is served, no two mints overlap."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from genvoris_flask.errors import GenvorisError
from tests.support.session_shop import ADA, SessionShop


class CountingShop(SessionShop):
    """A shop whose Genvoris answers slowly, or not, and counts mints at once."""

    def __init__(self) -> None:
        super().__init__()
        self.genvoris.fault = self.answer
        self.status = 200
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def answer(self) -> httpx.Response | None:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.002)
        with self.lock:
            self.at_once -= 1
        return None if self.status == 200 else httpx.Response(self.status, json={})

    def page(self, budget: float) -> None:
        """View a page, and check its token if it has one."""
        now = self.clock.now
        try:
            session = self.broker.session_for_page(ADA, budget)
        except GenvorisError:
            return
        assert session is not None
        assert session.expires_at - now >= 60
        assert session.customer_id == "ec_ada"


step = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1.0, 30.0, 61.0, 300.0, 601.0, 840.0, 1000.0])),
    st.tuples(st.just("status"), st.sampled_from([200.0, 200.0, 400.0, 401.0, 404.0])),
    st.tuples(st.just("pages"), st.sampled_from([1.0, 2.0, 8.0])),
    st.tuples(st.just("hasty pages"), st.sampled_from([1.0, 4.0])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(step, min_size=3, max_size=25))
def test_tokens_are_fresh_and_mints_never_overlap(steps: list[tuple[str, float]]) -> None:
    """However often Genvoris fails, and pages give up waiting."""
    shop = CountingShop()
    with ThreadPoolExecutor(8) as browsers:
        for action, amount in steps:
            if action == "wait":
                shop.clock.now += amount
            elif action == "status":
                shop.status = int(amount)
            else:
                budget = 60.0 if action == "pages" else 0.001
                views = [browsers.submit(shop.page, budget) for _ in range(int(amount))]
                for view in views:
                    view.result()
    assert shop.most_at_once <= 1
