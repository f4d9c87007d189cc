"""What try-ons bring: counts by day without personal data, and the hold-out that compares them.

``recorder`` counts in memory and writes in the background; ``core.ledger.figures`` keeps what is
written. ``report`` reads ranges of days from it. ``holdout`` decides who sees no button, and
``trial`` compares both groups with the formulas of ``statistics``.
"""
