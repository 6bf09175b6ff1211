"""From a typed reference to a page.

Read the modules in the order in which a request meets them. The door: `bridge`, `hosts`,
`finished`, `page_keys`, `assets`, `encodings`. The question: `pages`, `machines`, `site`,
`previews`, `embedding`, `references`, `questions`. Who asks: `lookup`, `allowance`, `counts`,
`flights`, `asking`, `calls`, `pro.gate`, `pro.client`, `pro.answers`, `pro.asked_for`, `novelties`,
`privacy`, `ledger`. What is remembered: `memory`, `stores`, `changes`, `shared`, `guard`, `echo`,
`fleet`, `connection`, `names`, `lines`, `signing`, `entries`, `envelope`, `freshness`. What it
means: `shipments`, `timestamps`, `codes`, `endings`, `status`, `timeline`, `derivation`, `rollup`.
How it is told: `wording`, `history`, `clocks`, `why`, `standing`, `dateline`, `carriers`, `map`,
`land`, `journey`, `telling`, `templating`. What leaves: `formats.as_json`, `formats.news`,
`formats.as_calendar`, `formats.as_feed`, `formats.as_text`, `version`, `outcomes`, `security`.
Before all that: `environment`, `config`, `serving`, `processes`, `counting`, `heartbeat`,
`leaving`; beside it: `metrics`, `logs`.
"""
