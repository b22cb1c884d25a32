"""All planted bugs 变异: those of the tablet, of the server and of photos, and the hunt for them."""

from tests.simulation import mutants_of_photos, mutants_of_server, mutants_of_tablets
from tests.simulation.planting import MUTANTS, Found, Mutant, hunt

__all__ = ["MUTANTS", "Found", "Mutant", "hunt"]
#: Where the mutants are; importing them is what puts them on the list.
MODULES = (mutants_of_tablets, mutants_of_server, mutants_of_photos)
