"""Processes forked from one that has imported everything: what Gatehouse's commands do, without seconds of imports.

They are processes of their own as if somebody had typed the command, with an environment and a folder of their own.
"""
