"""The extensions, which know no app until the factory gives them one."""

from flask import url_for
from flask_login import LoginManager

from genvoris_flask import GenvorisFlask, Paywall, Refusal

login_manager = LoginManager()
login_manager.login_view = "accounts.log_in"
genvoris = GenvorisFlask()  # with Flask-Login, current_user is the shopper


@genvoris.paywall
def paywall(refusal: Refusal) -> Paywall | None:
    if refusal.kind != "offer":  # paused or cancelled: the default message is shown
        return None
    back = refusal.product.page_path if refusal.product else None
    plans = url_for("accounts.plans", next=back)
    return Paywall("See it on you", "Choose a plan, and try on what you like.", "See plans", plans)
