"""Runtimes that execute a model file, behind one small port; each is imported only where it is used."""
