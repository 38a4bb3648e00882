"""Formulas: numbers that follow from a paper's text by arithmetic alone, one module a subject.

A formula is a function of keyword arguments that returns a number. It knows nothing of claims, nets or data, and needs
neither torch nor numpy, so that each can be read beside the sentence that it checks. Names are given in
`repro/registry.py`; a formula of a user's own is ``package.module:function``.
"""
