"""What the domain has to say, as codes and values: facts, and the errors that carry one. No sentence is made here."""
