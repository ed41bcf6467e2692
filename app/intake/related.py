"""A multipart/related body, part after part as its bytes come; bounded (PS3.18 8.6.1.2)."""

from email.message import Message
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

MAX_PARTS: Final = 5000
_MAX_HEADER_BYTES: Final = 2048
_MAX_HEADERS: Final = 16
_MAX_BOUNDARY_CHARS: Final = 200
"""RFC 2046 allows 70; Orthanc's DICOMweb plug-in sends 73."""
DICOM: Final = "application/dicom"


class BadBody(Exception):
    """A body that breaks the rules; `status` is the answer of HTTP."""

    def __init__(self, status: int) -> None:
        """Keep the status."""
        super().__init__(str(status))
        self.status = status


def boundary_of(content_type: str) -> str:
    """The boundary of multipart/related with parts of application/dicom.

    Raises:
        BadBody: 415 for another type, 400 without a usable boundary.
    """
    if len(content_type) > _MAX_HEADER_BYTES:
        raise BadBody(400)
    read = Message()
    read["content-type"] = content_type
    kind = str(read.get_param("type", DICOM)).lower()
    if read.get_content_type() != "multipart/related" or kind != DICOM:
        raise BadBody(415)
    boundary = str(read.get_param("boundary", ""))
    if not 0 < len(boundary) <= _MAX_BOUNDARY_CHARS or not boundary.isascii():
        raise BadBody(400)
    return boundary


class RelatedParser:
    """Fed with pieces of a body; gives whole parts. Never holds more than one part."""

    def __init__(self, boundary: str, most_bytes: int) -> None:
        """A parser for one body; `most_bytes` bounds each part."""
        self._most, self._count, self.ended = most_bytes, 0, False
        self._done: list[bytes] = []
        self._part, self._name, self._value = bytearray(), b"", b""
        callbacks: Any = {  # the library's own typed dict has no name to import
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._add_value,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }
        self._parser = MultipartParser(
            boundary.encode(),
            callbacks,
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )

    def feed(self, piece: bytes) -> list[bytes]:
        """The parts that are whole now; raises BadBody with 400, 413 or 415."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise BadBody(400) from None
        done, self._done = self._done, []
        return done

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise BadBody(413)
        self._part = bytearray()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        kind = self._value.partition(b";")[0].strip().lower()
        is_wrong = self._name.strip().lower() == b"content-type" and kind != DICOM.encode()
        self._name = self._value = b""
        if is_wrong:
            raise BadBody(415)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if len(self._part) + end - start > self._most:
            raise BadBody(413)
        self._part += data[start:end]

    def _end(self) -> None:
        self._done.append(bytes(self._part))
        self._part = bytearray()

    def _finish(self) -> None:
        self.ended = True
