"""The message of `make up` when Patchbay is ready."""

import json
from pathlib import Path

from config.supervisor.address import WebAddress


def welcome_message(data: Path, address: WebAddress, *, is_first: bool) -> str:
    """Returns the URL, how to sign in, and a command to try. Secrets are shown only at the first
    start, because terminal output may be stored in many places."""
    way_in = (
        first_start_credentials(data, address)
        if is_first
        else stored_credentials_hint(data, address)
    )
    return f"""
Patchbay is ready: {address.url}

{way_in}
  data       {data_folder_locations(data)}
  stop       Ctrl-C
"""


def first_start_credentials(data: Path, address: WebAddress) -> str:
    demo = json.loads((data / "quickstart.json").read_text())
    return f"""\
  sign in    {address.url}/  (and {address.url}/admin/)
             {demo["username"]}  password  {demo["password"]}
  API key    {demo["api_key"]}
  try        curl -H "Authorization: Bearer {demo["api_key"]}" {address.url}/v1/phone-numbers"""


def stored_credentials_hint(data: Path, address: WebAddress) -> str:
    demo = json.loads((data / "quickstart.json").read_text())
    return f"""\
  sign in    {address.url}/  (and {address.url}/admin/)  as  {demo["username"]}
             {stored_credentials_location(demo, data / "quickstart.json")}"""


def stored_credentials_location(demo: dict[str, str], file: Path) -> str:
    if "password" not in demo:
        return "with the password and the API keys of then"
    return f"the password and the API key of the first start are in {file}"


def data_folder_locations(data: Path) -> str:
    """Returns the data folder, and the engines' folder if root had to put it elsewhere."""
    engines = (data / "engines").resolve()
    return str(data) if engines.parent == data else f"{data} and {engines}"
