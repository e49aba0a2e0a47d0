"""Files that browsers send: what is too large is read to its end, but kept nowhere."""

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

MOST_BYTES = 10_000_000


class Bounded(FileUploadHandler):
    """Stops keeping at the limit; the view finds `request.upload_is_too_large`."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            self.request.upload_is_too_large = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
