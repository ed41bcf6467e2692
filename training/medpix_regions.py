"""The region word of a MedPix picture: from its own words first, then from its Location.

A picture's Location names the case's speciality, not what one sees: "Musculoskeletal" is a knee, a
foot or a chest. So caption, title and findings are searched for names of parts, and only names that
agree with the Location Category count: a chest finding beside a broken vertebra does not turn the
picture into a chest. A kidney is "abdomen", as one sees it, though its category is urinary. What
names nothing falls back on the Location, and where that names nothing visible, on None.
"""

import re
from collections.abc import Sequence
from typing import Final

from model.vocabulary import REGION_FROM_MEDPIX

# Region -> words; searched as whole words, in this order, so that "wrist" wins over "arm".
# T1 and T2 are no vertebrae here: far more captions mean the kind of MR picture.
REGION_WORDS: Final[dict[str, str]] = {
    "knee": r"knees?|patell\w*|menisc\w*|acl|pcl|cruciate|tibial plateau|femoral condyles?"
    r"|popliteal|trochlea\w*|distal femur|proximal tibia|bakers?|baker's",
    "foot": r"foot|feet|ankles?|tars\w*|metatars\w*|calcane\w*|talus|talar|navicular|achilles|toes?"
    r"|hindfoot|midfoot|talofibular|tibiotalar|plantar|cuboid|hallux|lisfranc|peroneal",
    "hand": r"hands?|wrists?|carp\w*|metacarp\w*|scaphoid|lunate|finger\w*|thumbs?|phalan\w*"
    r"|hamate|triangular fibrocartilage|tfcc|trapezi\w*",
    "shoulder": r"shoulders?|glenoid|glenohumeral|rotator cuff|supraspinatus|infraspinatus"
    r"|subscapularis|labral|labrum|acromi\w*|scapula\w*|clavic\w*|humeral head|proximal humerus"
    r"|bankart|hill-sachs|coracoid|axilla\w*",
    "hip": r"hips?|acetabul\w*|femoral (?:head|neck)s?|trochanter\w*|proximal femur|gluteus"
    r"|gluteal",
    "arm": r"elbows?|humer\w*|forearms?|radius|radial|ulna\w*|biceps|triceps|brachial\w*|arms?"
    r"|olecranon|capitell\w*|upper extremity",
    "leg": r"thighs?|femur|femoral|femora|legs?|tibia\w*|fibula\w*|cal(?:f|ves)|shins?"
    r"|quadriceps|hamstrings?|lower extremit\w*|adductor|semimembranosus|vastus",
    "spine": r"spine|spinal|vertebra\w*|dis[ck]s?|lumbar|c-?[1-7]|t(?:[3-9]|1[0-2])|l-?[1-5]"
    r"|s1|cauda|conus|spondyl\w*|thecal|odontoid|dens|paraspin\w*|facets?|foraminal|epidural"
    r"|cord|cervical|sacr\w*|coccy\w*",
    "neck": r"neck|thyroid|parathyroid|laryn\w*|larynx|hypopharyn\w*|vocal|glott\w*|supraglott\w*"
    r"|carotid (?:body|space|bifurcation)|submandibular|hyoid|thyroglossal|branchial"
    r"|retropharyngeal|piriform|epiglott\w*",
    "pelvis": r"pelvi[sc]|bladders?|prostat\w*|uter(?:us|ine)|ovar\w*|endometri\w*|adnexa\w*"
    r"|rect\w+|seminal|testic\w*|scrot\w*|vagina\w*|cervix|perine\w*|inguinal|urethra\w*"
    r"|ischi\w*|iliac|ilium|pubi[cs]|teratoma|dermoid|penis|penile|groin",
    "abdomen": r"abdom\w*|kidneys?|renal|liver|hepatic|spleen|splenic|pancrea\w*|gallbladder"
    r"|adrenal\w*|bowel|colon\w*|colic|sigmoid|append\w*|stomach|gastric|duoden\w*|jejun\w*"
    r"|ile(?:um|al|ocecal)|ceca?l?|cecum|mesenter\w*|omental|omentum|perinephric|peritone\w*"
    r"|biliary|bile|ureter\w*|hydronephro\w*|nephr\w*|wilms|retroperitone\w*|psoas|portal",
    "chest": r"chest|lungs?|pulmonary|thora(?:x|cic)|mediastin\w*|heart|cardiac|pericardi\w*"
    r"|pleura\w*|bronch\w*|trachea\w*|ribs?|lobes?|hil(?:ar|um)|ventricular|atri(?:um|al)"
    r"|coronary|aortic|stern\w*|pneumo\w*|esophag\w*|myocardi\w*",
    "head": r"brain|head|skull|cranial|intracranial|cerebr\w*|cerebell\w*|orbit\w*|sinus\w*"
    r"|mening\w*|temporal|frontal|parietal|occipital|pituitary|ventricles?|mandib\w*|maxill\w*|calvari\w*",
}
CATEGORY_REGIONS: Final[dict[str, tuple[str, ...]]] = {
    "Spine and Muscles": ("knee", "foot", "hand", "shoulder", "hip", "arm", "leg", "spine"),
    "Head": ("neck", "head"),
    "Thorax": ("chest",),
    "Abdomen": ("abdomen",),
    "Reproductive and Urinary System": ("pelvis", "abdomen"),
}
"""Where a category's pictures can lie; the first that is named wins."""
BREAST_LOCATION: Final = "Breast and Mammography"
NECK_LOCATIONS: Final = ("Head and Neck", "Generalized", "Endocrine")
"""Elsewhere a word such as "tonsil" or "thyroid" names a part of the brain or a disease."""
_OUTSIDE: Final = ("chest", "abdomen", "pelvis", "head")
"""Where a picture of muscles and bones lies that names no limb and no spine, by its own caption."""
_COMPILED: Final = {
    region: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for region, words in REGION_WORDS.items()
}


def region_of(location: str, category: str, texts: Sequence[str]) -> str | None:
    """The region word of a picture, or None where neither words nor Location name a visible part.

    Args:
        location: MedPix "Location".
        category: MedPix "Location Category"; used only to tell which words may count.
        texts: caption, title and findings, in this order; the first that names a part decides.
    """
    if location == BREAST_LOCATION:
        return "breast"
    if category == "Spine and Muscles":
        fallback = REGION_FROM_MEDPIX.get(location)
        return _first_named(texts, category) or fallback or _named("".join(texts[:1]), _OUTSIDE)
    if category == "Head":
        named = _first_named(texts[:2], category) if location in NECK_LOCATIONS else None
        return named or "head"
    if category == "Reproductive and Urinary System":
        return _first_named(texts, category) or REGION_FROM_MEDPIX.get(location)
    regions = CATEGORY_REGIONS.get(category, ())
    return regions[0] if regions else REGION_FROM_MEDPIX.get(location)


def _first_named(texts: Sequence[str], category: str) -> str | None:
    found = (_named(text, CATEGORY_REGIONS[category]) for text in texts)
    return next((region for region in found if region is not None), None)


def _named(text: str, regions: Sequence[str]) -> str | None:
    hits = (region for region in regions if _COMPILED[region].search(text))
    return next(hits, None)
