"""Work that runs later, timers, and what each process has for itself."""
