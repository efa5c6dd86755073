"""How text becomes numbers: normalisation, aspects, judgements, urgency and their evaluation."""
