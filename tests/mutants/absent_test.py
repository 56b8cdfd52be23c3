"""No program that ships can have a planted bug.

  absent_test.py PLANTED SHIPPED…

The name of the variable that chooses one stands in PLANTED, which shows that
this looks in the right way, and in nothing that ships.
"""

import pathlib
import sys
import unittest

MARK = b"VOUCH_MUTANT"


class Programs(unittest.TestCase):
    def test_the_planted_one_has_the_switch(self):
        self.assertIn(MARK, pathlib.Path(sys.argv[1]).read_bytes())

    def test_no_shipped_one_has_it(self):
        self.assertGreater(len(sys.argv), 2)
        for path in sys.argv[2:]:
            self.assertNotIn(MARK, pathlib.Path(path).read_bytes(), path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
