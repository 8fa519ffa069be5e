"""Arbitrary and damaged input at every door: signed payloads, files, stored records, answers of Microsoft Graph.

Each test tries few examples, and first those that once found a fault: they are kept beside it with `@example`. Set
`GATEHOUSE_FUZZ` to a number to try that many times more.
"""
