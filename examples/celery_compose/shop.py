"""A shop whose try-ons are made by Celery's workers, with a ledger in PostgreSQL."""

import os

from celery import Celery, Task
from flask import Flask, redirect, render_template_string, session
from flask.typing import ResponseReturnValue

from genvoris_flask import GenvorisFlask, Shopper

PAGE = """<!doctype html><title>Shirt</title><h1>Shirt</h1>
<form method="post" action="/log-in"><button>Log in</button></form>
{{ genvoris_button(image='/static/shirt.png', title='Shirt', id='shirt') }}
{{ genvoris_widget() }}"""


class AppTask(Task):
    """A task in the app's context."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        with app.app_context():
            return self.run(*args, **kwargs)


app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"],  # web processes and workers need the same
    GENVORIS_CHARGING="freemium",
    GENVORIS_FREE_TRYONS=3,
)
celery_app = Celery(app.name, broker=os.environ["GENVORIS_STORE_URL"], task_cls=AppTask)
celery_app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
celery_app.set_default()
app.extensions["celery"] = celery_app
genvoris = GenvorisFlask(app)  # the other settings are in compose.yaml


@genvoris.shopper_loader
def who_is_shopping() -> Shopper | None:
    email = session.get("email")
    return Shopper(email, email=email, email_verified=True) if email else None


@app.post("/log-in")
def log_in() -> ResponseReturnValue:
    session["email"] = "kim@example.com"  # a real shop asks for a password
    return redirect("/")


@app.get("/")
def product() -> str:
    return render_template_string(PAGE)
