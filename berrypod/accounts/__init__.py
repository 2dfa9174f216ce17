"""Who may look after the shop. Services without HTTP: the web and the command line both stand on them."""
