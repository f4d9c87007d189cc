"""Try-ons as jobs: started by one request, and followed by others until there is a picture.

``protocol`` has what a queue of jobs can do, which is all that routes know. ``local`` is the queue
that runs jobs on threads of the process that took them; ``records`` is what it shares through the
store, so that every process can answer for every job.
"""
