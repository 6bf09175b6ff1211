"""Delivery companies that do not exist."""

from tracking.pro.simulator.stories.telling import carrier

HARRIER = carrier("HAR", "Harrier Parcels", "HAR-24", "Next Day")
BRAMBLE = carrier("BRM", "Bramble & Moor Couriers", "BRM-48", "Standard 48")
FENWAY = carrier("FEN", "Fenway Freight", "FEN-2M", "Two-Person Delivery")
LANTERN = carrier("LAN", "Lantern Local", "LAN-SD", "Same Day by Bike")
CORNERDROP = carrier("COR", "CornerDrop", "COR-PUDO", "Shop to Shop")
NORDLYS = carrier("NLY", "Nordlys Post", "NLY-INT", "International Tracked")
RHENANIA = carrier("RHE", "Rhenania Paket", "RHE-EU", "Europa Klassik")
HIRONDELLE = carrier("HIR", "Hirondelle Express", "HIR-EU", "Europe Standard")
TSUBAME = carrier("TSU", "Tsubame Air", "TSU-AIR", "Air Economy")
HUDHUD = carrier("HUD", "هدهد للتوصيل", "HUD-24", "توصيل خلال يوم")
