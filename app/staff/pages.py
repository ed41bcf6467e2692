"""All staff routes behind the access table: a route without an entry is open to nobody."""

from fastapi import APIRouter, Depends

from app.staff import (
    account,
    adapters,
    alerts,
    arrivals,
    clinic,
    clinic_settings,
    corrections,
    design,
    guard,
    handover,
    library_import,
    login,
    paper,
    paper_template,
    peers,
    people,
    pictures,
    record,
    reference_pages,
    references,
    regions,
    review,
    tablets,
    visits,
    visits_list,
)
from app.staff.auth import admit

router = APIRouter(dependencies=[Depends(admit)])
for part in (
    login,
    account,
    people,
    peers,
    visits_list,
    visits,
    tablets,
    handover,
    review,
    record,
    pictures,
    regions,
    corrections,
    design,
    paper,
    arrivals,
    paper_template,
    alerts,
    references,
    library_import,  # before the pages of one reference: its addresses look like an id
    reference_pages,
    adapters,
    clinic,
    clinic_settings,
    guard,
):
    router.include_router(part.router)
