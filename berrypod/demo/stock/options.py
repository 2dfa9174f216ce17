"""Options that several goods share."""

from berrypod.demo.stock.records import Choice

SIZES = (
    Choice("XS", "XS"),
    Choice("S", "S"),
    Choice("M", "M"),
    Choice("L", "L"),
    Choice("XL", "XL"),
    Choice("XXL", "XXL"),
)
CREAM = Choice("Cream", "CRM")
PLUM = Choice("Plum", "PLM")
MIST = Choice("Mist", "MST")
BLUSH = Choice("Blush", "BLS")
MOSS = Choice("Moss", "MOS")
DUSK = Choice("Dusk", "DSK")
MINT = Choice("Mint", "MNT")
HONEY = Choice("Honey", "HNY")
RASPBERRY = Choice("Raspberry", "RSP")
BLUEBERRY = Choice("Blueberry", "BLU")
GOOSEBERRY = Choice("Gooseberry", "GOO")
NATURAL = Choice("Natural", "NAT")
LINEN = Choice("Linen", "LIN")
