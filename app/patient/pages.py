"""All patient pages as one router."""

from fastapi import APIRouter, Depends

from app.patient import (
    asking,
    calling,
    gallery,
    leaving,
    list_page,
    report_page,
    scan_page,
    start,
    uploading,
)
from app.patient.access import note_language

router = APIRouter(dependencies=[Depends(note_language)], include_in_schema=False)
for _part in (
    start,
    uploading,
    scan_page,
    asking,
    list_page,
    gallery,
    report_page,
    calling,
    leaving,
):
    router.include_router(_part.router)
