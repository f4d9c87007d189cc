"""Threads, and objects that must not be shared across a fork.

Others use ``WorkerPool``, ``call_later`` and ``start_thread`` (``threads``), ``BackgroundPool``
(``background``) for tasks that are retried, ``PerProcess`` and ``ProcessLock`` (``per_process``),
and ``Slots`` (``limits``), which bound how many requests of a kind run at once.
"""
