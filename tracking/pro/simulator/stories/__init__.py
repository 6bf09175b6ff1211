"""Parcels with a life: the demo's samples, and every case that the tests need."""

from tracking.pro.simulator.stories import everyday, orders, travels, troubles
from tracking.pro.simulator.stories.everyday import EVERYDAY
from tracking.pro.simulator.stories.oddities import ODDITIES
from tracking.pro.simulator.stories.orders import ORDERS
from tracking.pro.simulator.stories.telling import Story
from tracking.pro.simulator.stories.travels import TRAVELS
from tracking.pro.simulator.stories.troubles import TROUBLES

STORIES: tuple[Story, ...] = (*EVERYDAY, *TRAVELS, *ORDERS, *TROUBLES, *ODDITIES)

# For the form, nice ones first.
SAMPLES: tuple[Story, ...] = (
    everyday.out_for_delivery,
    everyday.delivered,
    everyday.in_transit,
    orders.two_warehouses,
    orders.items_apart,
    travels.across_europe,
    travels.whole_life,
    travels.moving_date,
    everyday.collected_by_carrier,
    everyday.dropped_off,
    everyday.no_events,
    everyday.partially_delivered,
    travels.cleared_through_customs,
    travels.action_required,
    troubles.late,
    troubles.delayed,
    troubles.card_left,
    troubles.failed_to_collect,
    troubles.damaged_then_delivered,
    troubles.returned,
    troubles.lost,
)

__all__ = ["SAMPLES", "STORIES", "Story"]
