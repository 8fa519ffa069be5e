"""The freeze, and the held start: whether these are the newest records, what they lack, and what two admins release."""
