"""The colours of the house: every picture draws from here, so that 156 of them look like one shop."""

from typing import NamedTuple


class Colour(NamedTuple):
    """An sRGB colour, 0-255 each."""

    red: int
    green: int
    blue: int

    def mixed(self, other: "Colour", share: float) -> "Colour":
        """This colour with ``share`` (0-1) of ``other`` stirred in."""
        return Colour(*(round(mine + (theirs - mine) * share) for mine, theirs in zip(self, other, strict=True)))

    def deeper(self, share: float = 0.25) -> "Colour":
        """Towards ink, as in shadow: a plain darkening would look dirty beside the warm papers."""
        return self.mixed(NIGHT, share)

    def paler(self, share: float = 0.25) -> "Colour":
        """Towards cream, as in light."""
        return self.mixed(MILK, share)

    @property
    def luminance(self) -> float:
        """Perceived lightness, 0-1: chooses between a dark and a pale print."""
        return (0.299 * self.red + 0.587 * self.green + 0.114 * self.blue) / 255

    @property
    def dark(self) -> bool:
        """True where a print must be pale to be read."""
        return self.luminance < 0.52


def from_hex(code: str) -> Colour:
    """The colour of six hexadecimal digits, with or without ``#``."""
    digits = code.removeprefix("#")
    return Colour(int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


MILK = from_hex("FFFAF2")
CREAM = from_hex("FAF1E3")
PAPER = from_hex("F4E8D6")
LINEN = from_hex("E7D9C4")
OAT = from_hex("D6C2A4")
CLAY = from_hex("C88F6C")

NIGHT = from_hex("24132B")
INK = from_hex("33203A")
PLUM = from_hex("5E2750")
MULBERRY = from_hex("8A2F5F")
RASPBERRY = from_hex("C8305A")
ROSE = from_hex("E58597")
BLUSH = from_hex("F6D3CE")

BLUEBERRY = from_hex("47568F")
DUSK = from_hex("2F3A66")
MIST = from_hex("C9D2E8")
LILAC = from_hex("DCCBE0")
HEATHER = from_hex("BC9CCB")
CORNFLOWER = from_hex("93A6DA")

GOOSEBERRY = from_hex("A7B65F")
LEAF = from_hex("617C46")
MOSS = from_hex("3F5A3C")
MINT = from_hex("DEE6C8")

HONEY = from_hex("E8A93F")
APRICOT = from_hex("F4C69C")
GOLD = from_hex("C79A4E")
BRASS = from_hex("E9C36F")
TIN = from_hex("B9BEC4")

BIRCH = from_hex("E6C79C")
OAK = from_hex("C4935E")
WALNUT = from_hex("85573A")
