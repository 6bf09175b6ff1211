"""The embedded stand-in for SortedPRO: a real HTTP server on loopback with living stories.

It conforms to `pro-tracking-api.yaml`, beside this file. It answers the demo and the tests, and
fails on request. Alone: `python -m tracking.pro.simulator --port 9000`.
"""

from tracking.pro.simulator.faults import CONTENTS, Fault
from tracking.pro.simulator.server import Call, Simulator
from tracking.pro.simulator.stories import SAMPLES, STORIES, Story

__all__ = ["CONTENTS", "SAMPLES", "STORIES", "Call", "Fault", "Simulator", "Story"]
