"""Where Chromium is; `tests/programs.sh` installs it under one of these names."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
