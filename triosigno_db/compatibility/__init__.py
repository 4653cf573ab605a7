"""Compatibility: which functions a schema breaks that the Node side has changed.

What each function needs comes from the statements that it sends; `judgement` compares a schema with
the models and names the functions that a difference touches.
"""
