"""The console: the pages on which a shop's owner sees and changes what try-ons do.

``urls`` lists the pages, each of which is a module of this package with a template of its own in
``templates/genvoris/console/``. ``access`` decides who may see them, and ``page`` renders them.
"""
