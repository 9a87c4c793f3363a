"""Ways to teach a frozen video model a relation, behind one interface: nothing above this layer names a kind."""
