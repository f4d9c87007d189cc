"""Values with an end, kept in this process or shared by all. Knows nothing of Flask."""
