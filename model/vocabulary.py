"""The only lists of modality, region, plane, age band, sex and side, and mappings onto them."""

from typing import Final, Literal

Modality = Literal["CT", "MR", "X-ray", "other"]
MODALITIES: Final = ("CT", "MR", "X-ray", "other")
REGIONS: Final = (
    "head",
    "neck",
    "chest",
    "abdomen",
    "pelvis",
    "spine",
    "shoulder",
    "arm",
    "hand",
    "hip",
    "leg",
    "knee",
    "foot",
    "breast",
    "whole body",
)
PLANES: Final = ("axial", "coronal", "sagittal", "frontal", "lateral", "oblique", "other")
AGE_BANDS: Final = ("0-1", "2-5", "6-11", "12-17", "18-39", "40-64", "65+")
SEXES: Final = ("female", "male", "any")
SIDES: Final = ("left", "right", "both", "none")
NOT_A_SCAN: Final = "not a scan"

# DICOM PS3.3 C.7.3.1.1.1, Modality defined terms; what is missing here is "other".
MODALITY_FROM_DICOM: Final = {"CT": "CT", "MR": "MR", "CR": "X-ray", "DX": "X-ray", "RG": "X-ray"}

# DICOM PS3.16 annex L, BodyPartExamined; folded to upper case before the look-up.
REGION_FROM_DICOM: Final = {
    "HEAD": "head",
    "BRAIN": "head",
    "SKULL": "head",
    "FACE": "head",
    "ORBIT": "head",
    "NECK": "neck",
    "CSPINE": "spine",
    "TSPINE": "spine",
    "LSPINE": "spine",
    "SPINE": "spine",
    "SSPINE": "spine",
    "CHEST": "chest",
    "HEART": "chest",
    "LUNG": "chest",
    "THORAX": "chest",
    "ABDOMEN": "abdomen",
    "LIVER": "abdomen",
    "PELVIS": "pelvis",
    "BLADDER": "pelvis",
    "PROSTATE": "pelvis",
    "UTERUS": "pelvis",
    "SHOULDER": "shoulder",
    "ARM": "arm",
    "ELBOW": "arm",
    "HUMERUS": "arm",
    "FOREARM": "arm",
    "HAND": "hand",
    "WRIST": "hand",
    "HIP": "hip",
    "LEG": "leg",
    "FEMUR": "leg",
    "KNEE": "knee",
    "FOOT": "foot",
    "ANKLE": "foot",
    "BREAST": "breast",
    "WHOLEBODY": "whole body",
}

# DICOM PS3.3 C.8.1.1.1 and C.8.7.5, ViewPosition of a radiograph.
PLANE_FROM_VIEW_POSITION: Final = {
    "AP": "frontal",
    "PA": "frontal",
    "LL": "lateral",
    "RL": "lateral",
    "LAT": "lateral",
    "LATERAL": "lateral",
    "LLD": "frontal",
    "RLD": "frontal",
    "RLO": "oblique",
    "LLO": "oblique",
    "RAO": "oblique",
    "LAO": "oblique",
    "RPO": "oblique",
    "LPO": "oblique",
}
SEX_FROM_DICOM: Final = {"F": "female", "M": "male"}

# MedPix "Plane" as published; photographs, drawings and pathology are no scans.
PLANE_FROM_MEDPIX: Final = {
    "Axial": "axial",
    "Transverse": "axial",
    "Coronal": "coronal",
    "Sagittal": "sagittal",
    "Frontal": "frontal",
    "AP": "frontal",
    "PA": "frontal",
    "Lateral": "lateral",
    "Oblique": "oblique",
    "3D Reconstruction": "other",
    "Other View (see caption)": "other",
}
NOT_SCAN_PLANES: Final = ("Drawing", "Gross Pathology", "Photograph")
MODALITY_FROM_PACK: Final = {"CT": "CT", "MRI": "MR", "MR": "MR", "X-ray": "X-ray"}

# MedPix "Location" values that name a part one can see; the others stay without a region.
REGION_FROM_MEDPIX: Final = {
    "Brain and Neuro": "head",
    "Nerve, central": "head",
    "Eye and Orbit": "head",
    "Ophthalmology": "head",
    "Chest, Pulmonary": "chest",
    "Gastrointestinal": "abdomen",
    "Abdomen": "abdomen",
    "Genitourinary": "pelvis",
    "Spine": "spine",
}

REGION_FROM_SLAKE: Final = {
    "Abdomen": "abdomen",
    "Lung": "chest",
    "Brain_Tissue": "head",
    "Brain": "head",
    "Brain_Face": "head",
    "Pelvic Cavity": "pelvis",
    "Chest_lung": "chest",
    "Chest_heart": "chest",
    "Chest_mediastinal": "chest",
    "Neck": "neck",
}

# The segmentation pack's body_region and plane.
REGION_FROM_SEGMENTATION: Final = {
    **{word: word for word in REGIONS},  # a clinic's own folder speaks this vocabulary
    "abdomen": "abdomen",
    "abdomen and pelvis": "abdomen",
    "brain": "head",
    "head": "head",
    "heart": "chest",
    "chest": "chest",
    "neck": "neck",
    "pelvis": "pelvis",
    "spine": "spine",
}
PLANE_FROM_SEGMENTATION: Final = {
    **{word: word for word in PLANES},
    "axial": "axial",
    "coronal": "coronal",
    "sagittal": "sagittal",
    "PA": "frontal",
    "AP": "frontal",
    "cardiac short axis": "oblique",
    "Transverse  Plane": "axial",
    "Transverse Plane": "axial",
}

# VQA-RAD image_organ and the guard cases' scan.body_part.
REGION_FROM_VQA_RAD: Final = {"HEAD": "head", "CHEST": "chest", "ABD": "abdomen"}
REGION_FROM_GUARD: Final = {
    "head": "head",
    "neck": "neck",
    "chest": "chest",
    "abdomen": "abdomen",
    "pelvis": "pelvis",
    "musculoskeletal": "spine",
}


def region_from_dicom(body_part_examined: str) -> str | None:
    """The region a BodyPartExamined value stands for, or None when it is not in the table."""
    return REGION_FROM_DICOM.get(body_part_examined.strip().upper().replace(" ", ""))


def age_band_of(years: float) -> str | None:
    """The age band that holds this many years, or None outside 0 to 130."""
    if not 0 <= years <= 130:
        return None
    starts = [int(band.rstrip("+").split("-")[0]) for band in AGE_BANDS]
    return AGE_BANDS[sum(start <= years for start in starts) - 1]


def plane_from_orientation(cosines: tuple[float, ...]) -> str | None:
    """The plane of an ImageOrientationPatient value; within 30 degrees of an axis, else oblique.

    Source: DICOM PS3.3 C.7.6.2.1.1; the normal is the cross product of row and column cosines.
    """
    if len(cosines) != 6:
        return None
    rx, ry, rz, cx, cy, cz = cosines
    normal = (ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx)
    size = sum(n * n for n in normal) ** 0.5
    if size == 0:
        return None
    share = [abs(n) / size for n in normal]
    best = max(range(3), key=share.__getitem__)
    return ("sagittal", "coronal", "axial")[best] if share[best] > 0.866 else "oblique"
