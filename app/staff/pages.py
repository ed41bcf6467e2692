"""All staff routes behind the access table: a route without an entry is open to nobody."""

from fastapi import APIRouter, Depends

from app.staff import (
    adapters,
    alerts,
    clinic,
    clinic_settings,
    library_import,
    login,
    people,
    reference_pages,
    references,
    review,
    visits,
)
from app.staff.auth import admit

router = APIRouter(dependencies=[Depends(admit)])
for part in (
    login,
    people,
    visits,
    review,
    alerts,
    references,
    library_import,  # before the pages of one reference: its addresses look like an id
    reference_pages,
    adapters,
    clinic,
    clinic_settings,
):
    router.include_router(part.router)
