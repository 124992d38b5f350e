"""How policies degrade under faults: what is measured, and what follows from it."""
