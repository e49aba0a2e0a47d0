"""A file's columns, as a batch keeps them that waits for somebody to confirm them."""

COLUMN_LAYOUT = {
    "sheets": ["Numbers", "Agents"],
    "sheet": "Numbers",
    "heading_line": 1,
    "columns": [
        {
            "index": index,
            "heading": heading,
            "samples": samples,
            "meaning": meaning,
            "is_known": bool(meaning),
        }
        for index, (heading, samples, meaning) in enumerate(
            [
                ("DID", ["+14155550100", "+14155550101"], "number"),
                ("Cost centre of the branch office", ["4711"], ""),
                ("", ["Berlin", "A sample that is as long as one may be in this column"], ""),
            ]
        )
    ],
    "source_notices": ["The heading is in line 4: what stands above it was passed over."],
    "fingerprint": "",
    "first": "",
}
