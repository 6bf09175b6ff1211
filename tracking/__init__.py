"""From a typed reference to a page.

Read the modules in the order in which a request meets them. The question: `pages`, `embedding`,
`references`. The answer: `lookup`, `memory`, `entries`, `freshness`, `pro.client`, `pro.answers`,
`shipments`, `timestamps`, `privacy`. What it means: `codes`, `status`, `timeline`, `rollup`. How
it is told: `wording`, `history`, `standing`, `dateline`, `journey`. What leaves: `formats`,
`outcomes`, `security`. `config` is read before all that.
"""
