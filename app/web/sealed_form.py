"""Forms whose files never stand on the disk in plain form, whatever their size."""

from fastapi import HTTPException, Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from app.intake.sealed_file import Part, SealedFile


async def sealed_form(request: Request, *, max_files: int, max_fields: int) -> FormData:
    """The form of a request; its files share one sealed file, which ends with the last of them."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await request.form(max_files=max_files, max_fields=max_fields)
    parser = _SealedParser(
        request.headers, request.stream(), max_files=max_files, max_fields=max_fields
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(status_code=400, detail=error.message) from None


class _SealedParser(MultiPartParser):
    """Starlette's parser; it would write files of more than a mebibyte plainly to the disk."""

    _sealed: SealedFile | None = None

    def on_headers_finished(self) -> None:
        """Give a file that begins its part of the sealed file."""
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is None:
            return
        upload.file.close()
        self._sealed = self._sealed or SealedFile()
        upload.file = Part(self._sealed)  # type: ignore[assignment]  # it reads, writes and seeks
