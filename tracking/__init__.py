"""From a typed reference to a page.

Read the modules in the order in which a request meets them: `references`, `pages`, `lookup`,
`pro.client`, `pro.answers`, `shipments`, `privacy`, `status`, `timeline`, `rollup`, `wording`,
`journey`, `formats`.
"""
