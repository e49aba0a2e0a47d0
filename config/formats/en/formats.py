"""Time formats, the same in every language for the admin, the screens and logs."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s"
