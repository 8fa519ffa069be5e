"""What the partner has to set on its side: the checklist, confirming its steps, reminding."""
