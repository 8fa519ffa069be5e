"""The effect of Conditional Access on people from outside. Pure: takes policies and Entra's answers, returns codes.

`policy` reads a policy's document. `strengths` and `controls` evaluate its controls for a visitor and the trust flags.
`scope` decides from the document whether a policy applies to a visitor. `questions` chooses what to ask Entra.
`verdicts` combines both. `entries` returns who can get access and which claims are trusted. `findings` returns what
people should know, as codes and values.
"""
