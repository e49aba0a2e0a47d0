"""What `make up` says when Patchbay is ready."""

import json
from pathlib import Path

from config.supervisor.address import Address


def welcome(data: Path, address: Address, *, is_first: bool) -> str:
    """The address, the way in, and one line to try. Secrets are shown once, as output is kept in
    more places than one thinks of."""
    way_in = secrets_of(data, address) if is_first else where_secrets_are(data, address)
    return f"""
Patchbay is ready: {address.url}

{way_in}
  data       {places(data)}
  stop       Ctrl-C
"""


def secrets_of(data: Path, address: Address) -> str:
    demo = json.loads((data / "quickstart.json").read_text())
    return f"""\
  sign in    {address.url}/  (and {address.url}/admin/)
             {demo["username"]}  password  {demo["password"]}
  API key    {demo["api_key"]}
  try        curl -H "Authorization: Bearer {demo["api_key"]}" {address.url}/v1/phone-numbers"""


def where_secrets_are(data: Path, address: Address) -> str:
    demo = json.loads((data / "quickstart.json").read_text())
    return f"""\
  sign in    {address.url}/  (and {address.url}/admin/)  as  {demo["username"]}
             {secrets_place(demo, data / "quickstart.json")}"""


def secrets_place(demo: dict[str, str], file: Path) -> str:
    if "password" not in demo:
        return "with the password and the API keys of then"
    return f"the password and the API key of the first start are in {file}"


def places(data: Path) -> str:
    """The data folder, and the engines' where root had to put it elsewhere."""
    engines = (data / "engines").resolve()
    return str(data) if engines.parent == data else f"{data} and {engines}"
