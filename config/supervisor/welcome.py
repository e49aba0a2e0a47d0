"""What `make up` says when Patchbay is ready."""

import json
from pathlib import Path

from config.supervisor.address import Address


def welcome(data: Path, address: Address) -> str:
    """The address, the way in, and one line to try."""
    demo = json.loads((data / "quickstart.json").read_text())
    return f"""
Patchbay is ready: {address.url}

  sign in    {address.url}/  (and {address.url}/admin/)
             {demo["username"]}  password  {demo["password"]}
  API key    {demo["api_key"]}
  try        curl -H "Authorization: Bearer {demo["api_key"]}" {address.url}/v1/phone-numbers
  data       {places(data)}
  stop       Ctrl-C
"""


def places(data: Path) -> str:
    """The data folder, and the engines' where root had to put it elsewhere."""
    engines = (data / "engines").resolve()
    return str(data) if engines.parent == data else f"{data} and {engines}"
