"""Run tests in processes that are forked from one that has imported and collected all of them.

pytest-xdist's workers import and collect everything each for itself. With thousands of short tests, that and its
reports take a fifth of the processor time. It stays in use where tests are few and long.
"""
