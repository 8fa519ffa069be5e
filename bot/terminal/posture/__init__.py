"""`gatehouse posture`: what the default and every partner's settings allow, as a table or JSON."""
