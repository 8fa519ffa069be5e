"""What Conditional Access means for people from outside. Pure: policies and Entra's answers in, codes and values out.

`policy` reads a policy's document, `strengths` and `controls` say what its controls mean for a visitor under a trust,
`scope` whether a policy reaches a visitor as far as its own document tells, `questions` what Entra is asked, `verdicts`
puts both together, `entries` gives who can come in and what is trusted, and `words` is the one place with sentences.
"""
