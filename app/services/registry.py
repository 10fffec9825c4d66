"""All services by name: the `SERVICE` of each module of this package that has one."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import app.services
from app.services.call import Service

_MODULES = [import_module(f"app.services.{module.name}") for module in iter_modules(app.services.__path__)]

SERVICES: dict[str, Service[Any]] = {
    module.SERVICE.name: module.SERVICE for module in _MODULES if hasattr(module, "SERVICE")
}
