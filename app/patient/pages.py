"""All patient pages as one router."""

from fastapi import APIRouter, Depends

from app.patient import (
    asking,
    calling,
    choosing,
    gallery,
    leaving,
    list_page,
    my_picture,
    owned,
    privacy,
    report_page,
    scan_page,
    staff_card,
    start,
    take_along,
    uploading,
)
from app.patient.access import note_language

router = APIRouter(dependencies=[Depends(note_language)], include_in_schema=False)
for _part in (
    start,
    uploading,
    owned,
    scan_page,
    choosing,
    asking,
    list_page,
    my_picture,
    gallery,
    privacy,
    staff_card,
    report_page,
    take_along,
    calling,
    leaving,
):
    router.include_router(_part.router)
