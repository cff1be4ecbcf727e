"""One action a mutation: an input, a payload of its own, and the problems it may answer with."""
