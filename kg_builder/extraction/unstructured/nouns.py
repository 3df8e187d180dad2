"""What texts call bands, persons and works when they do not name them: "the duo", "the album"."""

from __future__ import annotations

from typing import Final

GROUP: Final = (
    "band|group|duo|trio|quartet|quintet|sextet|septet|act|outfit|collective|ensemble|combo|"
    "line-up|crew|orchestra|foursome|threesome|project|[A-Z][a-z]+(?:ans|ians)"
)
PERSON: Final = (
    "artist|musician|singer|vocalist|guitarist|bassist|drummer|pianist|rapper|composer|producer|"
    "bandleader|songwriter|singer-songwriter|frontman|frontwoman|trumpeter|saxophonist|"
    "percussionist|violinist|cellist|keyboardist|DJ|performer|man|woman|star|poet|brothers?|icon|"
    "accordionist|bandoneonist|multi-instrumentalist|organist|flautist|harpist"
)
ALBUM: Final = (
    "album|record(?!s? label)|LP|EP|debut|disc|collection|mixtape|follow-up|soundtrack|compilation"
)
SONG: Final = "single|song|track|ballad|anthem|tune"
WORK: Final = f"{ALBUM}|{SONG}"
