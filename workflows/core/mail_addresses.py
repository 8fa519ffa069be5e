"""Mail addresses, compared: two that differ in ASCII case only are one, everything else is another."""

from string import ascii_lowercase, ascii_uppercase
from typing import Final

_FOLDING: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded_mail(mail: str) -> str:
    """Write a mail address so that equal ones are equal texts.

    NB. not by `lower` or `casefold`: Unicode folds other characters to ASCII letters, KELVIN SIGN (U+212A) to `k` for
    one, and who owns an address with such a character would pass for somebody else.
    """
    return mail.translate(_FOLDING)


def is_same_mail(one: str, other: str) -> bool:
    """Tell whether two mail addresses are one."""
    return folded_mail(one) == folded_mail(other)
